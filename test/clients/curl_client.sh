#!/bin/sh
# Prints "<call> <status> <id>" of each call, as curl saw it; $5 is untyped or default.
set -eu
url=$1; mykaarma=$2; cryptlex=$3; xml=$4
id() {
  sed -n -e 's/.*<Id>\([^<]*\)<.*<status>/<status> \1 /p' \
    -e 's/.*"userUuid":"\([^"]*\)".*<status>/<status> \1 /p' \
    -e 's/^{"id":"\([^"]*\)".*<status>/<status> \1 /p' | awk '{ print $3, $2 }'
}
post() { curl -sS -w '<status>%{http_code}' "$@" | tr -d '\n' | id; }
if [ "$5" = untyped ]; then
  echo "xml $(post -H 'Content-Type:' -d "@$xml" "$url/api/v2/user")"
else
  echo "xml $(post -d "@$xml" "$url/api/v2/user")"
fi
echo "basic $(post -u partner:partner-secret --json "@$mykaarma" "$url/manage/v2/user/partner")"
echo "json $(post -H 'Authorization: Bearer standin-token' --json "@$cryptlex" "$url/v3/resellers/reseller-001/users")"
