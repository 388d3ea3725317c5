"""PrestaShop 1.7 and 8.

The tables are built from the published `db_structure.sql` of 8. Hashes of bcrypt were made with
PHP 8.2's `password_hash`, the old one with its `md5` of the cookie key and the password, as
PrestaShop's class `Hashing` does."""

from __future__ import annotations

from typing import Any, Final

from .people import Known, execute, insert

__all__ = ["ENGINES", "ENVIRONMENT", "PEOPLE", "make"]

ENGINES: Final = ("mariadb",)

ENVIRONMENT: Final = {
    "SSO_BRIDGE_COOKIE_KEY": "def00000abcdefCookieKeyOfTheFixture0123456789ABCDEFGHIJKL"
}

CLAIRE: Final = {
    "first_name": "Claire",
    "last_name": "Dubois",
    "email": "claire@example.fr",
    "locale": "fr_FR",
    **{
        f"{which}_address.{name}": value
        for which in ("shipping", "billing")
        for name, value in {
            "address_id": "5",
            "name1": "Claire",
            "name2": "Dubois",
            "company_name": "Dubois SARL",
            "line1": "16, rue de l'Été",
            "line2": "2e étage",
            "city": "Paris",
            "postal_code": "75002",
            "country_a2": "FR",
            "phone_number": "0102030405",
            "phone_number2": "0607080910",
        }.items()
    },
}

SAM: Final = {
    "first_name": "Sam",
    "last_name": "Old",
    "email": "sam@example.com",
    "locale": "en_US",
    **{
        f"{which}_address.{name}": value
        for which in ("shipping", "billing")
        for name, value in {
            "address_id": "7",
            "name1": "Sam",
            "name2": "Old",
            "line1": "1 Ocean Drive",
            "city": "Miami",
            "state": "FL",
            "postal_code": "33139",
            "country_a2": "US",
            "phone_number": "555-0100",
        }.items()
    },
}

PEOPLE: Final = (
    Known(
        login="claire@example.fr",
        password="correct horse",
        profile=CLAIRE,
        other_logins=("Claire@Example.FR",),
        strangers=("clairé@example.fr", "gone@example.fr", "guest@example.fr"),
    ),
    Known(login="sam@example.com", password="from 1.6", profile=SAM),
    Known(
        login="éléonore@example.fr",
        password="mot de passe é",
        profile={
            "first_name": "Éléonore",
            "last_name": "Lefèvre",
            "email": "éléonore@example.fr",
            "locale": "fr_FR",
        },
        other_logins=("ÉLÉONORE@example.fr",),
        strangers=("eleonore@example.fr",),
    ),
    Known(login="banned@example.fr", password="correct horse", active=False),
)

HORSE: Final = "$2y$10$MmzABucsu2J5O356Oi/y/Omki7yidcx5EQj0ETPii6Tc0u4gSyt26"
HASHES: Final = {
    "sam@example.com": "0c19b0e4365a6fb92a24d67ed03a1fac",
    "éléonore@example.fr": "$2y$10$XjPOOjJMAbDMLa8G8OOzo.eyVyavaYEAjmIN.xp4wHCw.CzFUlmjy",
}

COLLATED: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"

TABLES: Final = (
    f"""CREATE TABLE ps_customer (
        id_customer int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id_shop_group int(11) unsigned NOT NULL DEFAULT 1,
        id_shop int(11) unsigned NOT NULL DEFAULT 1,
        id_gender int(10) unsigned NOT NULL,
        id_default_group int(10) unsigned NOT NULL DEFAULT 1,
        id_lang int(10) unsigned DEFAULT NULL,
        id_risk int(10) unsigned NOT NULL DEFAULT 1,
        company varchar(255) DEFAULT NULL,
        siret varchar(14) DEFAULT NULL,
        ape varchar(6) DEFAULT NULL,
        firstname varchar(255) NOT NULL,
        lastname varchar(255) NOT NULL,
        email varchar(255) NOT NULL,
        passwd varchar(255) NOT NULL,
        last_passwd_gen timestamp NOT NULL DEFAULT current_timestamp(),
        birthday date DEFAULT NULL,
        newsletter tinyint(1) unsigned NOT NULL DEFAULT 0,
        ip_registration_newsletter varchar(15) DEFAULT NULL,
        newsletter_date_add datetime DEFAULT NULL,
        optin tinyint(1) unsigned NOT NULL DEFAULT 0,
        website varchar(128) DEFAULT NULL,
        outstanding_allow_amount decimal(20,6) NOT NULL DEFAULT 0.000000,
        show_public_prices tinyint(1) unsigned NOT NULL DEFAULT 0,
        max_payment_days int(10) unsigned NOT NULL DEFAULT 60,
        secure_key varchar(32) NOT NULL DEFAULT '-1',
        note text DEFAULT NULL,
        active tinyint(1) unsigned NOT NULL DEFAULT 0,
        is_guest tinyint(1) NOT NULL DEFAULT 0,
        deleted tinyint(1) NOT NULL DEFAULT 0,
        date_add datetime NOT NULL,
        date_upd datetime NOT NULL,
        reset_password_token varchar(40) DEFAULT NULL,
        reset_password_validity datetime DEFAULT NULL,
        KEY customer_email (email),
        KEY customer_login (email, passwd),
        KEY id_customer_passwd (id_customer, passwd),
        KEY id_gender (id_gender),
        KEY id_shop_group (id_shop_group),
        KEY id_shop (id_shop, date_add)
    ) {COLLATED}""",
    f"""CREATE TABLE ps_address (
        id_address int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id_country int(10) unsigned NOT NULL,
        id_state int(10) unsigned DEFAULT NULL,
        id_customer int(10) unsigned NOT NULL DEFAULT 0,
        id_manufacturer int(10) unsigned NOT NULL DEFAULT 0,
        id_supplier int(10) unsigned NOT NULL DEFAULT 0,
        id_warehouse int(10) unsigned NOT NULL DEFAULT 0,
        alias varchar(32) NOT NULL,
        company varchar(255) DEFAULT NULL,
        lastname varchar(255) NOT NULL,
        firstname varchar(255) NOT NULL,
        address1 varchar(128) NOT NULL,
        address2 varchar(128) DEFAULT NULL,
        postcode varchar(12) DEFAULT NULL,
        city varchar(64) NOT NULL,
        other text DEFAULT NULL,
        phone varchar(32) DEFAULT NULL,
        phone_mobile varchar(32) DEFAULT NULL,
        vat_number varchar(32) DEFAULT NULL,
        dni varchar(16) DEFAULT NULL,
        date_add datetime NOT NULL,
        date_upd datetime NOT NULL,
        active tinyint(1) unsigned NOT NULL DEFAULT 1,
        deleted tinyint(1) unsigned NOT NULL DEFAULT 0,
        KEY address_customer (id_customer),
        KEY id_country (id_country),
        KEY id_state (id_state),
        KEY id_manufacturer (id_manufacturer),
        KEY id_supplier (id_supplier),
        KEY id_warehouse (id_warehouse)
    ) {COLLATED}""",
    f"""CREATE TABLE ps_country (
        id_country int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id_zone int(10) unsigned NOT NULL,
        id_currency int(10) unsigned NOT NULL DEFAULT 0,
        iso_code varchar(3) NOT NULL,
        call_prefix int(10) NOT NULL DEFAULT 0,
        active tinyint(1) unsigned NOT NULL DEFAULT 0,
        contains_states tinyint(1) NOT NULL DEFAULT 0,
        need_identification_number tinyint(1) NOT NULL DEFAULT 0,
        need_zip_code tinyint(1) NOT NULL DEFAULT 1,
        zip_code_format varchar(12) NOT NULL DEFAULT '',
        display_tax_label tinyint(1) NOT NULL,
        KEY country_iso_code (iso_code),
        KEY country_ (id_zone)
    ) {COLLATED}""",
    f"""CREATE TABLE ps_state (
        id_state int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id_country int(11) unsigned NOT NULL,
        id_zone int(11) unsigned NOT NULL,
        name varchar(80) NOT NULL,
        iso_code varchar(7) NOT NULL,
        tax_behavior smallint(1) NOT NULL DEFAULT 0,
        active tinyint(1) NOT NULL DEFAULT 0,
        KEY id_country (id_country),
        KEY name (name),
        KEY id_zone (id_zone)
    ) {COLLATED}""",
    f"""CREATE TABLE ps_lang (
        id_lang int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        name varchar(32) NOT NULL,
        active tinyint(1) NOT NULL,
        iso_code varchar(2) NOT NULL,
        language_code varchar(5) NOT NULL,
        locale varchar(5) NOT NULL,
        date_format_lite varchar(32) NOT NULL,
        date_format_full varchar(32) NOT NULL,
        is_rtl tinyint(1) NOT NULL
    ) {COLLATED}""",
)

COUNTRIES: Final = (
    {"id_country": 8, "id_zone": 1, "iso_code": "FR", "display_tax_label": 1},
    {"id_country": 21, "id_zone": 2, "iso_code": "US", "display_tax_label": 0},
)

ADDRESSES: Final = (
    {
        "id_address": 4,
        "id_customer": 3,
        "id_country": 8,
        "id_state": 0,
        "lastname": "Dubois",
        "firstname": "Claire",
        "address1": "Supprimée",
        "city": "Lyon",
        "deleted": 1,
    },
    {
        "id_address": 5,
        "id_customer": 3,
        "id_country": 8,
        "id_state": 0,
        "company": "Dubois SARL",
        "lastname": "Dubois",
        "firstname": "Claire",
        "address1": "16, rue de l'Été",
        "address2": "2e étage",
        "postcode": "75002",
        "city": "Paris",
        "phone": "0102030405",
        "phone_mobile": "0607080910",
    },
    {
        "id_address": 6,
        "id_customer": 3,
        "id_country": 8,
        "id_state": None,
        "lastname": "Dubois",
        "firstname": "Claire",
        "address1": "Seconde",
        "city": "Nice",
    },
    {
        "id_address": 7,
        "id_customer": 4,
        "id_country": 21,
        "id_state": 11,
        "company": "",
        "lastname": "Old",
        "firstname": "Sam",
        "address1": "1 Ocean Drive",
        "address2": "",
        "postcode": "33139",
        "city": "Miami",
        "phone": "555-0100",
        "phone_mobile": "",
    },
)


def make(url: str) -> None:
    """PrestaShop's tables of customers; a guest and a deleted account have the address of the
    first customer, and others have addresses of their own."""
    execute(url, TABLES)
    insert(url, "ps_country", COUNTRIES)
    florida = {"id_state": 11, "id_country": 21, "id_zone": 2, "iso_code": "FL", "name": "Florida"}
    insert(url, "ps_state", [florida])
    insert(url, "ps_lang", [_language(1, "en", "en-US"), _language(2, "fr", "fr-FR")])
    first = PEOPLE[0].login
    shadows = [_customer(first, 2, is_guest=1), _customer(first, 2, deleted=1)]
    customers = [
        _customer(
            person.login,
            2 if person.login.endswith("fr") else 1,
            firstname=person.profile.get("first_name") or "X",
            lastname=person.profile.get("last_name") or "X",
            active=int(person.active),
            passwd=HASHES.get(person.login, HORSE),
        )
        for person in PEOPLE
    ]
    nobody = [
        _customer("guest@example.fr", 2, is_guest=1),
        _customer("gone@example.fr", 2, deleted=1),
    ]
    insert(url, "ps_customer", [*shadows, *customers, *nobody])
    moments = {"date_add": "2023-05-06 07:08:09", "date_upd": "2023-05-06 07:08:09"}
    insert(url, "ps_address", [{"alias": "Home", **moments, **row} for row in ADDRESSES])


def _language(number: int, code: str, locale: str) -> dict[str, Any]:
    return {
        "id_lang": number,
        "name": code,
        "active": 1,
        "iso_code": code,
        "language_code": locale.lower(),
        "locale": locale,
        "date_format_lite": "Y-m-d",
        "date_format_full": "Y-m-d H:i:s",
        "is_rtl": 0,
    }


def _customer(email: str, language: int, **more: str | int) -> dict[str, Any]:
    return {
        "id_gender": 1,
        "id_lang": language,
        "firstname": "X",
        "lastname": "X",
        "email": email,
        "passwd": HORSE,
        "active": 1,
        "date_add": "2023-05-06 07:08:09",
        "date_upd": "2024-05-06 07:08:09",
        **more,
    }
