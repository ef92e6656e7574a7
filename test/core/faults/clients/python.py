# Sends each request of a list as http.client or urllib does, and prints what it saw of each.
import concurrent.futures
import http.client
import json
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

url, kind = sys.argv[1:3]


def by_urllib(sent, _connection):
    request = urllib.request.Request(
        url + sent["path"], data=sent["body"].encode(), headers=sent["headers"], method="POST"
    )
    with urllib.request.urlopen(request, timeout=sent["patience"] / 1000) as response:
        return response.status, response.headers, response.read()


def by_http_client(sent, connection):
    connection.request("POST", sent["path"], body=sent["body"].encode(), headers=sent["headers"])
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def see(sent, connection):
    try:
        status, headers, content = (by_urllib if kind == "urllib" else by_http_client)(
            sent, connection
        )
        seen = str(status)
        media_type = headers.get_content_type()
        if media_type != sent["type"]:
            return {"seen": f"{seen} {media_type}"}
        if "protobuf" in media_type:
            return {"seen": seen}
        text = content.decode(headers.get_content_charset() or "utf-8")
        if "xml" in media_type:
            return {"seen": seen, "id": ElementTree.fromstring(text.encode()).findtext("User/Id", "")}
        read = json.loads(text)
        return {"seen": seen, "id": read.get("id") or read.get("User", {}).get("Id", "")}
    except Exception as error:
        return {"seen": name_of(error)}


# The class alone: the texts change with each version.
def name_of(error):
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTPError {error.code}"
    if isinstance(error, socket.timeout):
        return "TimeoutError"  # the same from 3.10 on
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return f"URLError ({name_of(error.reason)})"
    return type(error).__name__


def see_all(sent):
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=sent["patience"] / 1000)
    seen = [see(sent, connection)]
    if "next" in sent:
        time.sleep(1)  # whoever watches the connection has seen by now that it is closed
        seen.append(see({**sent, **sent["next"]}, connection))
    connection.close()
    return seen


cases = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
    json.dump(list(pool.map(see_all, cases)), sys.stdout)
