<?php
// Makes wordpress.json: password hashes as WordPress 6.8 makes them (wp_hash_password in wp-includes/pluggable.php), by the
// functions of PHP, and their word on which passwords they accept. WordPress trims what is typed at a login, too.
//
//     php wordpress.php     # PHP 8.2
//
// Our own code must never write wordpress.json: it would agree with itself.

function prepared(string $password): string {
    return base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
}

function verify(string $password, string $hash): bool {
    return password_verify(prepared($password), substr($hash, 3));
}

function candidates(string $password): array {
    $near = [$password . 'x', substr($password, 1), strtoupper($password), trim($password), " $password\n", ''];
    return array_values(array_unique(array_filter([$password, ...$near], fn($text) => preg_match('//u', $text))));
}

function judged(string $name, string $password, int $cost): array {
    $hash = '$wp' . password_hash(prepared($password), PASSWORD_BCRYPT, ['cost' => $cost]);
    $verdict = fn($accepts) => array_values(array_filter(candidates($password), fn($it) => verify($it, $hash) === $accepts));
    return ['name' => "WordPress 6.8, $name", 'hash' => $hash, 'accepted' => $verdict(true), 'refused' => $verdict(false)];
}

$vectors = [
    judged('plain', 'correct horse battery staple', 4),
    judged('with spaces', " \tCafe\u{301} \u{fb01} 密码 \u{1f600} \r\n", 4),
    judged('with a space that PHP keeps', "correct horse\u{a0}", 4),
    judged('of 200 bytes', str_repeat('0123456789', 20), 4),
];
$file = [
    'made_by' => ['PHP ' . PHP_VERSION],
    'vectors' => $vectors,
    'defaults' => [judged('default cost', 'correct horse', 10)],
];
$flags = JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS;
file_put_contents(__DIR__ . '/wordpress.json', json_encode($file, $flags) . "\n");
