# Prints what urllib reports of a GET of each URL in stdin; SSL_CERT_FILE names the CA.
import re
import ssl
import sys
import urllib.error
import urllib.request


def name_of(error):
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return name_of(error.reason)
    name = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{name} ({re.split(', |: ', error.verify_message)[0]})"
    if type(error) is ssl.SSLError:
        return f"{name} ({error.reason.replace('_', ' ').lower()})"
    return name


for url in map(str.strip, sys.stdin):
    try:
        print(urllib.request.urlopen(url, timeout=30).status, flush=True)
    except Exception as error:
        print(name_of(error), flush=True)
