<?php
// Prints "<call> <status> <id>" of each call, as PHP's curl saw it.
[, $url, $mykaarma, $cryptlex, $xml] = $argv;

function post(string $path, string $file, array $options): array {
    global $url;
    $curl = curl_init($url . $path);
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        // It adds application/x-www-form-urlencoded where no type is given.
        CURLOPT_POSTFIELDS => file_get_contents($file),
    ] + $options);
    $body = curl_exec($curl);
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $body];
}

[$status, $body] = post('/api/v2/user', $xml, []);
preg_match('~<Id>([^<]+)</Id>~', $body, $found);
echo "xml $status $found[1]\n";
$json = ['Content-Type: application/json'];
[$status, $body] = post('/manage/v2/user/partner', $mykaarma, [
    CURLOPT_HTTPHEADER => $json,
    CURLOPT_USERPWD => 'partner:partner-secret',
]);
echo "basic $status ", json_decode($body)->userUuid, "\n";
[$status, $body] = post('/v3/resellers/reseller-001/users', $cryptlex, [
    CURLOPT_HTTPHEADER => [...$json, 'Authorization: Bearer standin-token'],
]);
echo "json $status ", json_decode($body)->id, "\n";
