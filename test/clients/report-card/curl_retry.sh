# A careful script with curl --retry. Arguments: the URL of a sandbox.
users="$1/v3/resellers/reseller-001/users"
call() {
  curl -sS -m 10 -o answer.txt -w '%{http_code}' -H 'Authorization: Bearer standin-token' \
    -H 'Content-Type: application/json' "$@"
}
person() {
  printf '{"firstName":"%s","email":"%s@example.test","role":"user","allowCustomerPortalAccess":true,"password":"not-kept"}' "$1" "$1"
}
list=$(call --retry 3 "$users")
ada=$(call --retry 3 -d "$(person ada)" "$users")
bad=$(call --retry 3 -d '{"firstName":"Nobody"}' "$users")
bob=$(call -d "$(person bob)" "$users")
[ "$bob" = 500 ] && call --retry 3 "$users?email=bob%40example.test" >/dev/null
grep -q 'bob@' answer.txt && found=found || found=lost
echo "$list $ada $bad $bob $found"
