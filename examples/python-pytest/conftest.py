"""Fixtures for suites that test a client against Standin. They need pytest only; copy this file.

A test that takes `standin` gets a sandbox of its own, which is removed at its end. Tests may run in
parallel (pytest-xdist).

The server is the one of STANDIN_URL, such as a service container. Without it, one is started for each
worker by the command `standin`. Name another in pytest.ini:

    standin_command = npx standin

The test fails if an armed fault never fired, unless it is marked so:

    @pytest.mark.standin(unfired_faults="allowed")

Further keywords of the mark go into the new sandbox: seed, clock, profile, fixtures.
"""

import json
import os
import shlex
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest


class StandinError(Exception):
    """A refusal by the server."""


class Client:
    """Client of one sandbox's admin API; `urls` and `credentials` are for the code under test."""

    def __init__(self, url, token=None, prefixes=None):
        self.url = url.rstrip("/")
        self.admin_token = token
        if prefixes is None:
            prefixes = self.call("GET", "/health")["prefixes"]
        self.prefixes = prefixes
        self.urls = {api: self.url + path for api, path in prefixes.items()}
        self._expectations = []

    @property
    def credentials(self):
        """Credentials that the APIs accept."""
        return self.call("GET", "/credentials")

    def call(self, method, path, body=None, **query):
        """Call the admin API and return the decoded answer."""
        values = {name: value for name, value in query.items() if value is not None}
        address = f"{self.url}/_standin{path}"
        if values:
            address += "?" + urllib.parse.urlencode(values)
        headers = {"Content-Type": "application/json"}
        if self.admin_token:
            headers["Standin-Admin-Token"] = self.admin_token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refusal:
            problem = refusal.read().decode(errors="replace")
            raise StandinError(f"{method} {path} was answered {refusal.code}: {problem}") from None
        return json.loads(text) if text else None

    def arm(self, fault, **conditions):
        """Arm a fault, such as `503;times=2`; conditions such as `api` limit it."""
        return self.call("POST", "/faults", {"fault": fault, **conditions})

    def verify(self, *expectations):
        """Fail unless the recorded requests meet the expectations."""
        verdict = self.call("POST", "/verify", {"expectations": list(expectations)})
        failed = [one for one in verdict["results"] if not one["passed"]]
        if failed:
            lines = (f"- {one['name']}: {one.get('difference', 'not as expected')}" for one in failed)
            raise AssertionError("Expectations failed:\n" + "\n".join(lines))

    def verify_at_end(self, *expectations):
        """Verify expectations when the test has ended."""
        self._expectations.extend(expectations)

    def wait_for_webhook(self, event, timeout="5s"):
        """Wait until a webhook about this event is delivered."""
        awaited = self.call("GET", "/deliveries/await", event=event, timeout=timeout)
        assert awaited["fulfilled"], f"No delivery of {event} within {timeout}: {awaited['pending']}"
        return awaited

    def requests(self, **filters):
        """List recorded requests; filters such as `api`, `status` and `email`."""
        return self.call("GET", "/requests", **filters)["requests"]

    def advance(self, by):
        """Advance the sandbox's clock, such as by `5m`."""
        return self.call("POST", "/clock/advance", {"by": by})

    def sandbox(self, **options):
        """Create a sandbox in the same server."""
        made = self.call("POST", "/sandboxes", {"ttl": "1h", **options})
        own = Client(self.url + made["prefix"], self.admin_token, self.prefixes)
        own.name = made["name"]
        return own

    def check(self, unfired_faults):
        """Fail for expectations that are not met and for faults that never fired."""
        if self._expectations:
            self.verify(*self._expectations)
        if unfired_faults == "allowed":
            return
        faults = self.call("GET", "/faults", unfired="true")["faults"]
        forgotten = [one for one in faults if one["origin"] != "config"]
        if forgotten:
            lines = (
                f"- {one['id']} ({one['fault']}): "
                + one.get("nearestMiss", {}).get("why", "no request came near it")
                for one in forgotten
            )
            raise AssertionError("Armed faults never fired:\n" + "\n".join(lines))


def pytest_addoption(parser):
    parser.addini("standin_command", "command that starts Standin", default="standin")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "standin(unfired_faults='allowed', seed=…): options of the test's sandbox"
    )


@pytest.fixture(scope="session")
def standin_server(pytestconfig):
    """Connect to the server of STANDIN_URL, or start one for this worker."""
    url = os.environ.get("STANDIN_URL")
    token = os.environ.get("STANDIN_ADMIN_TOKEN")
    if url:
        yield Client(url, token)
        return
    with tempfile.TemporaryDirectory() as folder:
        ready = os.path.join(folder, "url")
        command = shlex.split(pytestconfig.getini("standin_command"))
        options = ["--memory", "--port", "0", "--log", "off", "--ready-file", ready]
        try:
            process = subprocess.Popen([*command, *options])
        except FileNotFoundError:
            raise RuntimeError(
                f"There is no command {command[0]}: set STANDIN_URL to a running server, or"
                " standin_command in pytest.ini, such as: standin_command = npx standin"
            ) from None
        try:
            yield Client(_url_in(ready, process))
        finally:
            process.terminate()
            process.wait(timeout=30)


def _url_in(ready, process, timeout=30):
    """Return the URL that the server writes into a file when it is ready."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode} before it was ready")
        if os.path.exists(ready):
            with open(ready, encoding="utf-8") as file:
                return file.read().strip()
        time.sleep(0.05)
    raise RuntimeError(f"The server was not ready after {timeout} s")


@pytest.fixture
def standin(request, standin_server):
    """Give the test a sandbox of its own."""
    mark = request.node.get_closest_marker("standin")
    options = dict(mark.kwargs) if mark else {}
    unfired_faults = options.pop("unfired_faults", "fail")
    sandbox = standin_server.sandbox(**options)
    try:
        yield sandbox
        sandbox.check(unfired_faults)
    finally:
        standin_server.call("DELETE", f"/sandboxes/{sandbox.name}")
