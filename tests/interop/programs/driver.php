<?php
// Calls for SoapClient, one a line, as Program in stacks.py writes them; answers go back the same way.

function serve(SoapClient $client): void
{
    while (($line = fgets(STDIN)) !== false) {
        $fields = explode("\t", rtrim($line, "\n"));
        $operation = array_shift($fields);
        $request = [];
        foreach ($fields as $field) {
            [$path, $value] = explode('=', $field, 2);
            put($request, explode('.', $path), rawurldecode($value));
        }
        echo implode("\t", reply($client, $operation, $request)), "\n";
    }
}

function reply(SoapClient $client, string $operation, array $request): array
{
    try {
        return ['answer', ...flat($client->__soapCall($operation, [$request]), '')];
    } catch (SoapFault $fault) {
        $kind = $fault->faultcode === 'HTTP' ? 'error' : 'fault';
        return [$kind, ...flat(['code' => $fault->faultcode, 'text' => $fault->faultstring], '')];
    }
}

function put(array &$into, array $path, string $value): void
{
    $name = array_shift($path);
    if ($path === []) {
        $into[$name] = $value;
        return;
    }
    $into[$name] ??= [];
    put($into[$name], $path, $value);
}

function flat(mixed $value, string $path): array
{
    if ($value === null) {
        return [];
    }
    if (is_bool($value)) {
        return ["$path=b:" . ($value ? 'true' : 'false')];
    }
    if (is_string($value)) {
        return ["$path=s:" . rawurlencode($value)];
    }
    $fields = [];
    foreach ((array) $value as $name => $child) {
        array_push($fields, ...flat($child, $path === '' ? (string) $name : "$path.$name"));
    }
    return $fields;
}
