"""Magento 2, Adobe Commerce and Mage-OS.

The tables are built from the published `db_schema.xml` of its modules Customer, Store and
Directory (2.4), without the keys to the table of stores. Hashes were made with PHP 8.2's
`sodium_crypto_pwhash` and `hash` by the published construction of its class `Encryptor`; one is of
the tests of that class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .people import Known, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("mariadb",)

MARTA: Final = {
    "first_name": "Marta",
    "last_name": "Novák",
    "email": "Marta@example.com",
    "home_phone": "+1 512 555 0100",
    "billing_address.address_id": "12",
    "billing_address.name1": "Marta",
    "billing_address.name2": "Novák",
    "billing_address.company_name": "Novák Ltd",
    "billing_address.line1": "1 Main Street",
    "billing_address.line2": "Suite 5",
    "billing_address.line3": "Floor 2",
    "billing_address.city": "Austin",
    "billing_address.state": "TX",
    "billing_address.postal_code": "78701",
    "billing_address.country_a2": "US",
    "billing_address.phone_number": "+1 512 555 0100",
    "billing_address.fax_phone": "+1 512 555 0101",
    "shipping_address.address_id": "13",
    "shipping_address.name1": "Marta",
    "shipping_address.name2": "Novák",
    "shipping_address.line1": "Rue de la Paix 9",
    "shipping_address.city": "Bruxelles",
    "shipping_address.state": "Bruxelles-Capitale",
    "shipping_address.postal_code": "1000",
    "shipping_address.country_a2": "BE",
    "shipping_address.phone_number": "+32 2 555 01 00",
}

PEOPLE: Final = (
    Known(
        login="Marta@example.com",
        password="Correct-Horse-7",
        profile=MARTA,
        other_logins=("marta@example.com", "MARTA@EXAMPLE.COM"),
        # The last is a customer of another website.
        strangers=("márta@example.com", "marta@example.com ", "elsewhere@example.com"),
    ),
    Known(
        login="of-2.3@example.com",
        password="Argon-by-2.3",
        profile={"first_name": "Ana", "last_name": "Silva", "email": "of-2.3@example.com"},
    ),
    Known(
        login="sha@example.com",
        password="password",
        profile={"first_name": "Sha", "last_name": "Two", "email": "sha@example.com"},
    ),
    Known(
        login="of-1@example.com",
        password="from Magento 1",
        profile={"first_name": "Odd", "last_name": "One", "email": "of-1@example.com"},
    ),
    # Was locked for some minutes, a year ago.
    Known(
        login="upgraded@example.com",
        password="upgraded once",
        profile={"first_name": "Up", "last_name": "Graded", "email": "upgraded@example.com"},
    ),
    Known(
        login="twice@example.com",
        password="upgraded twice",
        profile={"first_name": "Up", "last_name": "Twice", "email": "twice@example.com"},
    ),
    Known(
        login="yulia@example.com",
        password="Ünïcode-Пароль",
        profile={"first_name": "Юлия", "last_name": "Ёлкина", "email": "yulia@example.com"},
    ),
    Known(login="inactive@example.com", password="password", active=False),
    Known(login="locked@example.com", password="password", active=False),
    Known(login="unconfirmed@example.com", password="password", active=False),
    # Asked for a new password with a hash that was removed.
    Known(login="none@example.com", password=None),
)

# `password`, from the tests of Magento's Encryptor
PASSWORD: Final = "13601bda4ea78e55a07b98866d2be6be0744e3866f13c00c811cab608a28f322:salt:1"

HASHES: Final = {
    "Marta@example.com": "83013ac8d695a1051ff8ab3452bb44cb8bd616338ceff492f5d7aac52a514ca0"
    ":347Biad5wAnezQNvhE8ibUNZtwDekg9m:3_32_2_67108864",
    "of-2.3@example.com": "8b260457eb05a447f9109c206a50193b0d0751eb7618d7cb630d8f4aa7e4941e"
    ":xJTlKmfJMKhtMykF:2",
    "of-1@example.com": "210318c54a62eb8f0493f9cffb6bc03f:u9:0",
    "upgraded@example.com": "b6188eec419a514c54d3641752cd612783d3466198398fae695cc5d6d88b5270"
    ":PW:0:1",
    "twice@example.com": "f400cf1031d9b46755ed7bc93bf02c64db4c840f8718cc5b69f4b3692066ecd4"
    ":zw:0:1:3_32_2_67108864",
    "yulia@example.com": "420a55eb7a97334fa1df236f408f497ef414677ca282175f044744f3f4c409e6"
    ":MD7r6esfVQ6tn2Vo2by7W6gwucIeqaUr:1:2",
    "none@example.com": None,
}

COLLATED: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"

TABLES: Final = (
    f"""CREATE TABLE store_website (
        website_id smallint(5) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        code varchar(32) DEFAULT NULL,
        name varchar(64) DEFAULT NULL,
        sort_order smallint(5) unsigned NOT NULL DEFAULT 0,
        default_group_id smallint(5) unsigned NOT NULL DEFAULT 0,
        is_default smallint(5) unsigned DEFAULT 0,
        UNIQUE KEY STORE_WEBSITE_CODE (code)
    ) {COLLATED}""",
    f"""CREATE TABLE directory_country_region (
        region_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        country_id varchar(4) NOT NULL DEFAULT '0',
        code varchar(32) DEFAULT NULL,
        default_name varchar(255) DEFAULT NULL,
        KEY DIRECTORY_COUNTRY_REGION_COUNTRY_ID (country_id)
    ) {COLLATED}""",
    f"""CREATE TABLE customer_entity (
        entity_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        website_id smallint(5) unsigned DEFAULT NULL,
        email varchar(255) DEFAULT NULL,
        group_id smallint(5) unsigned NOT NULL DEFAULT 0,
        increment_id varchar(50) DEFAULT NULL,
        store_id smallint(5) unsigned DEFAULT 0,
        created_at timestamp NOT NULL DEFAULT current_timestamp(),
        updated_at timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
        is_active smallint(5) unsigned NOT NULL DEFAULT 1,
        disable_auto_group_change smallint(5) unsigned NOT NULL DEFAULT 0,
        created_in varchar(255) DEFAULT NULL,
        prefix varchar(40) DEFAULT NULL,
        firstname varchar(255) DEFAULT NULL,
        middlename varchar(255) DEFAULT NULL,
        lastname varchar(255) DEFAULT NULL,
        suffix varchar(40) DEFAULT NULL,
        dob date DEFAULT NULL,
        password_hash varchar(128) DEFAULT NULL,
        rp_token varchar(128) DEFAULT NULL,
        rp_token_created_at datetime DEFAULT NULL,
        default_billing int(10) unsigned DEFAULT NULL,
        default_shipping int(10) unsigned DEFAULT NULL,
        taxvat varchar(50) DEFAULT NULL,
        confirmation varchar(64) DEFAULT NULL,
        gender smallint(5) unsigned DEFAULT NULL,
        failures_num smallint(6) DEFAULT 0,
        first_failure timestamp NULL DEFAULT NULL,
        lock_expires timestamp NULL DEFAULT NULL,
        session_cutoff timestamp NULL DEFAULT NULL,
        UNIQUE KEY CUSTOMER_ENTITY_EMAIL_WEBSITE_ID (email, website_id),
        KEY CUSTOMER_ENTITY_STORE_ID (store_id),
        KEY CUSTOMER_ENTITY_WEBSITE_ID (website_id),
        KEY CUSTOMER_ENTITY_FIRSTNAME (firstname),
        KEY CUSTOMER_ENTITY_LASTNAME (lastname),
        CONSTRAINT CUSTOMER_ENTITY_WEBSITE_ID_STORE_WEBSITE_WEBSITE_ID FOREIGN KEY (website_id)
            REFERENCES store_website (website_id) ON DELETE SET NULL
    ) {COLLATED}""",
    f"""CREATE TABLE customer_address_entity (
        entity_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        increment_id varchar(50) DEFAULT NULL,
        parent_id int(10) unsigned DEFAULT NULL,
        created_at timestamp NOT NULL DEFAULT current_timestamp(),
        updated_at timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
        is_active smallint(5) unsigned NOT NULL DEFAULT 1,
        city varchar(255) NOT NULL,
        company varchar(255) DEFAULT NULL,
        country_id varchar(255) NOT NULL,
        fax varchar(255) DEFAULT NULL,
        firstname varchar(255) NOT NULL,
        lastname varchar(255) NOT NULL,
        middlename varchar(255) DEFAULT NULL,
        postcode varchar(255) DEFAULT NULL,
        prefix varchar(40) DEFAULT NULL,
        region varchar(255) DEFAULT NULL,
        region_id int(10) unsigned DEFAULT NULL,
        street text NOT NULL,
        suffix varchar(40) DEFAULT NULL,
        telephone varchar(255) NOT NULL,
        vat_id varchar(255) DEFAULT NULL,
        vat_is_valid int(10) unsigned DEFAULT NULL,
        vat_request_date varchar(255) DEFAULT NULL,
        vat_request_id varchar(255) DEFAULT NULL,
        vat_request_success int(10) unsigned DEFAULT NULL,
        KEY CUSTOMER_ADDRESS_ENTITY_PARENT_ID (parent_id),
        CONSTRAINT CUSTOMER_ADDRESS_ENTITY_PARENT_ID_CUSTOMER_ENTITY_ENTITY_ID
            FOREIGN KEY (parent_id) REFERENCES customer_entity (entity_id) ON DELETE CASCADE
    ) {COLLATED}""",
)

STATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Marta@example.com": {"default_billing": 12, "default_shipping": 13, "failures_num": 2},
    "upgraded@example.com": {"failures_num": 9, "lock_expires": "2025-01-01 00:10:00"},
    "inactive@example.com": {"is_active": 0},
    "locked@example.com": {"failures_num": 10, "lock_expires": "2037-12-31 23:59:59"},
    "unconfirmed@example.com": {"confirmation": "8h2kdQGkXK1h5qXvZ3xkqv7vI2cK4pGQ"},
}

ADDRESSES: Final = (
    # An older one, which is neither default.
    {
        "entity_id": 11,
        "firstname": "Marta",
        "lastname": "Old",
        "street": "Gone 1",
        "city": "Praha",
        "country_id": "CZ",
        "telephone": "1",
    },
    {
        "entity_id": 12,
        "company": "Novák Ltd",
        "firstname": "Marta",
        "lastname": "Novák",
        "street": "1 Main Street\nSuite 5\nFloor 2",
        "city": "Austin",
        "region": "Texas",
        "region_id": 57,
        "postcode": "78701",
        "country_id": "US",
        "telephone": "+1 512 555 0100",
        "fax": "+1 512 555 0101",
    },
    {
        "entity_id": 13,
        "firstname": "Marta",
        "lastname": "Novák",
        "street": "Rue de la Paix 9",
        "city": "Bruxelles",
        "region": "Bruxelles-Capitale",
        "postcode": "1000",
        "country_id": "BE",
        "telephone": "+32 2 555 01 00",
    },
)


def make(url: str) -> None:
    """Magento's tables of customers and their addresses; two websites with a customer each who
    has the same e-mail address."""
    execute(url, TABLES)
    websites = [(1, "base", "Main Website"), (2, "b2b", "Trade")]
    rows = [{"website_id": number, "code": code, "name": name} for number, code, name in websites]
    insert(url, "store_website", rows)
    texas = {"region_id": 57, "country_id": "US", "code": "TX", "default_name": "Texas"}
    insert(url, "directory_country_region", [texas])
    insert(url, "customer_entity", [_other("Marta@example.com"), _other("elsewhere@example.com")])
    insert(url, "customer_entity", [_customer(person) for person in PEOPLE])
    insert(url, "customer_address_entity", [{"parent_id": 3, **row} for row in ADDRESSES])


def _other(email: str) -> dict[str, Any]:
    """A customer of the other website."""
    return {"website_id": 2, "store_id": 2, "email": email, "password_hash": PASSWORD}


def _customer(person: Known) -> dict[str, Any]:
    first, last = (person.profile.get(name) or "X" for name in ("first_name", "last_name"))
    return {
        "website_id": 1,
        "store_id": 1,
        "group_id": 1,
        "email": person.login,
        "created_at": "2023-05-06 07:08:09",
        "created_in": "Default Store View",
        "firstname": first,
        "lastname": last,
        "password_hash": HASHES.get(person.login, PASSWORD),
        **STATES.get(person.login, {}),
    }
