"""OpenCart 4.

The tables are built from the published `db_schema.php` of 4.0.2. Hashes were made with PHP 8.2's
`password_hash`, as OpenCart does."""

from __future__ import annotations

from typing import Any, Final

from .people import Known, execute, insert, with_more

__all__ = [
    "ENGINES",
    "OTTO",
    "PEOPLE",
    "URSULA",
    "WAITING",
    "address",
    "countries",
    "customer",
    "languages",
    "make",
]

ENGINES: Final = ("mariadb",)

ADDRESS: Final = {
    f"{which}_address.{name}": value
    for which in ("shipping", "billing")
    for name, value in {
        "address_id": "32",
        "name1": "Otto",
        "name2": "Weiß",
        "company_name": "Weiß & Co",
        "line1": "Am Markt 1",
        "city": "Halle (Saale)",
        "state": "ST",
        "postal_code": "06108",
        "country_a2": "DE",
        "country_name": "Germany",
    }.items()
}

OTTO: Final = Known(
    login="Otto@example.de",
    password="correct horse",
    profile={
        "first_name": "Otto",
        "last_name": "Weiß",
        "email": "Otto@example.de",
        "locale": "de_DE",
        "home_phone": "+49 345 1",
        **ADDRESS,
    },
    other_logins=("otto@example.de", "OTTO@EXAMPLE.DE"),
    strangers=("ótto@example.de",),
)
URSULA: Final = Known(
    login="ürsula@example.de",
    password='a & b "quoted" <é>',
    profile={
        "first_name": "Ürsula",
        "last_name": "Groß",
        "email": "ürsula@example.de",
        "locale": "en_GB",
    },
    other_logins=("Ürsula@example.de",),
    strangers=("ursula@example.de",),
)
WAITING: Final = Known(login="waiting@example.de", password="correct horse", active=False)
PEOPLE: Final = (OTTO, with_more(URSULA, home_phone="2"), WAITING)

HASHES: Final = {
    "Otto@example.de": "$2y$10$9fZKcFTuV0DKS/3GW9Thx.M5NU5o9K8tc6weoOQmzT0wYCGVLbKLq",
    "ürsula@example.de": "$2y$10$RjbyuvBzBD6vAHbmydNvmOHR.Ad1j/dh6gdXlqHct3TQxOWqEGwW2",
    "waiting@example.de": "$2y$10$9fZKcFTuV0DKS/3GW9Thx.M5NU5o9K8tc6weoOQmzT0wYCGVLbKLq",
}

COLLATED: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"

TABLES: Final = (
    f"""CREATE TABLE oc_customer (
        customer_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        customer_group_id int(11) NOT NULL,
        store_id int(11) NOT NULL DEFAULT 0,
        language_id int(11) NOT NULL,
        firstname varchar(32) NOT NULL,
        lastname varchar(32) NOT NULL,
        email varchar(96) NOT NULL,
        telephone varchar(32) NOT NULL,
        password varchar(255) NOT NULL,
        custom_field text NOT NULL,
        newsletter tinyint(1) NOT NULL DEFAULT 0,
        ip varchar(40) NOT NULL,
        status tinyint(1) NOT NULL,
        safe tinyint(1) NOT NULL,
        token text NOT NULL,
        code varchar(40) NOT NULL,
        date_added datetime NOT NULL
    ) {COLLATED}""",
    f"""CREATE TABLE oc_address (
        address_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        customer_id int(11) NOT NULL,
        firstname varchar(32) NOT NULL,
        lastname varchar(32) NOT NULL,
        company varchar(60) NOT NULL,
        address_1 varchar(128) NOT NULL,
        address_2 varchar(128) NOT NULL,
        city varchar(128) NOT NULL,
        postcode varchar(10) NOT NULL,
        country_id int(11) NOT NULL DEFAULT 0,
        zone_id int(11) NOT NULL DEFAULT 0,
        custom_field text NOT NULL,
        `default` tinyint(1) NOT NULL,
        KEY customer_id (customer_id)
    ) {COLLATED}""",
    f"""CREATE TABLE oc_country (
        country_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        name varchar(128) NOT NULL,
        iso_code_2 varchar(2) NOT NULL,
        iso_code_3 varchar(3) NOT NULL,
        address_format_id int(11) NOT NULL,
        postcode_required tinyint(1) NOT NULL,
        status tinyint(1) NOT NULL DEFAULT 1
    ) {COLLATED}""",
    f"""CREATE TABLE oc_zone (
        zone_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        country_id int(11) NOT NULL,
        name varchar(128) NOT NULL,
        code varchar(32) NOT NULL,
        status tinyint(1) NOT NULL DEFAULT 1
    ) {COLLATED}""",
    f"""CREATE TABLE oc_language (
        language_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        name varchar(32) NOT NULL,
        code varchar(5) NOT NULL,
        locale varchar(255) NOT NULL,
        extension varchar(255) NOT NULL,
        sort_order int(3) NOT NULL DEFAULT 0,
        status tinyint(1) NOT NULL,
        KEY name (name)
    ) {COLLATED}""",
)


def make(url: str) -> None:
    """OpenCart's tables of customers, with `PEOPLE` in them."""
    execute(url, TABLES)
    countries(url, {"address_format_id": 1})
    languages(url, {"extension": ""})
    people = [customer(one, password=HASHES[one.login]) for one in PEOPLE]
    insert(url, "oc_customer", people)
    older = address(31, firstname="Old", address_1="Gone 1", default=0)
    insert(url, "oc_address", [older, address(32, default=1)])


def countries(url: str, more: dict[str, Any]) -> None:
    """A country, with the columns `more`, and a zone of it."""
    country = {"country_id": 81, "name": "Germany", "iso_code_2": "DE", "iso_code_3": "DEU"}
    insert(url, "oc_country", [{**country, "postcode_required": 1, **more}])
    zone = {"zone_id": 1267, "country_id": 81, "name": "Sachsen-Anhalt", "code": "ST"}
    insert(url, "oc_zone", [zone])


def languages(url: str, more: dict[str, Any]) -> None:
    """The two languages, with the columns `more`."""
    rows = [
        {"language_id": n, "name": name, "code": code, "locale": code, "status": 1, **more}
        for n, name, code in [(1, "English", "en-gb"), (2, "Deutsch", "de-de")]
    ]
    insert(url, "oc_language", rows)


def customer(person: Known, **more: str | int) -> dict[str, Any]:
    """The row of `person`, with the columns `more`."""
    profile = person.profile
    return {
        "customer_group_id": 1,
        "store_id": 0,
        "language_id": 2 if profile.get("locale") == "de_DE" else 1,
        "firstname": profile.get("first_name") or "X",
        "lastname": profile.get("last_name") or "X",
        "email": person.login,
        "telephone": profile.get("home_phone") or "",
        "custom_field": "",
        "ip": "127.0.0.1",
        "status": int(person.active),
        "safe": 0,
        "token": "",
        "code": "",
        "date_added": "2019-05-06 07:08:09",
        **more,
    }


def address(number: int, **more: str | int) -> dict[str, Any]:
    """The row of Otto's address, with other cells or columns where `more` has them."""
    return {
        "address_id": number,
        "customer_id": 1,
        "firstname": "Otto",
        "lastname": "Weiß",
        "company": "Weiß &amp; Co",  # as `Request` makes it of what is sent
        "address_1": "Am Markt 1",
        "address_2": "",
        "city": "Halle (Saale)",
        "postcode": "06108",
        "country_id": 81,
        "zone_id": 1267,
        "custom_field": "",
        **more,
    }
