<?php
// GetUser with PHP's SoapServer on the WSDL, and one look-up with PDO.

const PROFILE = ['first_name' => 'firstName', 'last_name' => 'lastName', 'email' => 'email',
    'locale' => 'locale', 'home_phone' => 'homePhone', 'fax_phone' => 'faxPhone'];
const ADDRESS = ['address_id' => 'addressID', 'city' => 'city', 'country_a2' => 'countryA2',
    'country' => 'country', 'line1' => 'line1', 'line2' => 'line2', 'name1' => 'name1',
    'name2' => 'name2', 'phone_number' => 'phoneNumber', 'postal_code' => 'postalCode',
    'state' => 'state', 'email' => 'email', 'company_name' => 'companyName'];

function filled(array $row, array $fields, string $prefix = ''): array
{
    $values = [];
    foreach ($fields as $column => $name) {
        $values[$name] = $row[$prefix . $column];
    }
    return $values;
}

class RemoteUserManagement
{
    public function GetUser(object $request): array
    {
        $key = $request->userKey;
        $erid = $key->externalReferenceID ?? null;
        $database = new PDO('sqlite:' . getenv('BENCHMARK_USERS'), null, null,
            [PDO::ATTR_PERSISTENT => true]);
        $find = $database->prepare(
            'SELECT * FROM users WHERE ' . ($erid === null ? 'login' : 'erid') . ' = ?');
        $find->execute([$erid ?? $key->loginID]);
        $row = $find->fetch(PDO::FETCH_ASSOC);
        if ($row === false) {
            return ['errorMessage' => 'User not found'];
        }
        $named = ['userID' => $row['erid'], 'externalReferenceID' => $row['erid'],
            'loginID' => $row['login'], 'siteID' => 'shop'];
        return ['errorMessage' => '', 'userInfo' => ['userKey' => $named]
            + filled($row, PROFILE)
            + ['shippingAddress' => filled($row, ADDRESS, 'shipping_'),
                'billingAddress' => filled($row, ADDRESS, 'billing_')]];
    }
}

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    echo 'ready';
    exit;
}
$server = new SoapServer(getenv('BENCHMARK_WSDL'), ['soap_version' => SOAP_1_1]);
$server->setClass(RemoteUserManagement::class);
$server->handle();
