// GetUser with the package `soap` on the WSDL, and one look-up with better-sqlite3.

'use strict';

const cluster = require('node:cluster');
const fs = require('node:fs');
const http = require('node:http');

const PROFILE = {first_name: 'firstName', last_name: 'lastName', email: 'email',
    locale: 'locale', home_phone: 'homePhone', fax_phone: 'faxPhone'};
const ADDRESS = {address_id: 'addressID', city: 'city', country_a2: 'countryA2',
    country: 'country', line1: 'line1', line2: 'line2', name1: 'name1', name2: 'name2',
    phone_number: 'phoneNumber', postal_code: 'postalCode', state: 'state', email: 'email',
    company_name: 'companyName'};

function filled(row, fields, prefix = '') {
    return Object.fromEntries(
        Object.entries(fields).map(([column, name]) => [name, row[prefix + column]]));
}

function serve(port) {
    const soap = require('soap');
    const Database = require('better-sqlite3');
    const database = new Database(process.env.BENCHMARK_USERS, {readonly: true});
    const find = {
        erid: database.prepare('SELECT * FROM users WHERE erid = ?'),
        login: database.prepare('SELECT * FROM users WHERE login = ?'),
    };

    function GetUser({userKey}) {
        const row = userKey.externalReferenceID === undefined
            ? find.login.get(userKey.loginID) : find.erid.get(userKey.externalReferenceID);
        if (row === undefined) {
            return {errorMessage: 'User not found'};
        }
        const named = {userID: row.erid, externalReferenceID: row.erid, loginID: row.login,
            siteID: 'shop'};
        return {
            userInfo: {userKey: named, ...filled(row, PROFILE),
                shippingAddress: filled(row, ADDRESS, 'shipping_'),
                billingAddress: filled(row, ADDRESS, 'billing_')},
            errorMessage: '',
        };
    }

    const wsdl = fs.readFileSync(process.env.BENCHMARK_WSDL, 'utf8');
    const port11 = /<(?:\w+:)?port name="([^"]*)"/.exec(wsdl)[1];
    const service = /<(?:\w+:)?service name="([^"]*)"/.exec(wsdl)[1];
    const server = http.createServer((request, response) => response.end('ready'));
    server.keepAliveTimeout = 600000;
    server.listen(port, '127.0.0.1', 511);
    soap.listen(server, '/RemoteUserManagement', {[service]: {[port11]: {GetUser}}}, wsdl);
}

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
if (cluster.isPrimary) {
    for (let number = 0; number < Number(process.env.BENCHMARK_WORKERS); number += 1) {
        cluster.fork();
    }
    process.on('SIGTERM', () => process.exit(0));
} else {
    serve(port);
}
