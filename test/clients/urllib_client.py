# Prints "<status> <id>" of each call, as urllib and http.client saw it.
import base64, http.client, json, sys, urllib.request, xml.etree.ElementTree as tree
from urllib.parse import urlparse

url, mykaarma, cryptlex, xml = sys.argv[1], *[open(f, 'rb').read() for f in sys.argv[2:5]]
basic = 'Basic ' + base64.b64encode(b'partner:partner-secret').decode()

def urllib_post(path, body, headers):
    request = urllib.request.Request(url + path, body, headers, method='POST')
    with urllib.request.urlopen(request) as response:
        return response.status, response.read()

def bare_post(path, body, headers):
    connection = http.client.HTTPConnection(urlparse(url).netloc)
    connection.request('POST', path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()

as_json = {'Content-Type': 'application/json'}
# urllib adds application/x-www-form-urlencoded where no type is given, http.client adds none.
post = urllib_post if sys.argv[5] == 'urllib' else bare_post
status, body = post('/api/v2/user', xml, {})
print('xml', status, tree.fromstring(body).find('User/Id').text)
status, body = post('/manage/v2/user/partner', mykaarma, {**as_json, 'Authorization': basic})
print('basic', status, json.loads(body)['userUuid'])
status, body = post('/v3/resellers/reseller-001/users', cryptlex, {**as_json, 'Authorization': 'Bearer standin-token'})
print('json', status, json.loads(body)['id'])
