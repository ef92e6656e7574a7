# Prints the status or the exit code of curl for each URL in stdin; CURL_CA_BUNDLE names the CA.
while read -r url; do
  if status=$(curl --silent --output /dev/null --write-out '%{http_code}' "$url"); then
    echo "$status"
  else
    echo "exit $?"
  fi
done
