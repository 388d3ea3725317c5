"""OpenCart 3 (2.1 to 3.0), and a shop of it that is being moved to 4.

The tables are built from the published `opencart.sql` of 3.0.3. Its digests, thrice SHA-1 with
`salt`, were made with PHP 8.2's `sha1` of what `htmlspecialchars` makes of the password, as its
class `Request` does to all that is sent. One customer has a hash that OpenCart 4 has put in the
place of the digest, which leaves `salt` as it was."""

from __future__ import annotations

from typing import Any, Final

from .opencart import OTTO, URSULA, WAITING, address, countries, customer, languages
from .people import Known, execute, insert, with_more

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("mariadb",)

PEOPLE: Final = (
    with_more(OTTO, fax_phone="+49 345 2"),
    URSULA,
    Known(
        login="moved@example.de",
        password="correct horse",
        profile={
            "first_name": "Mo",
            "last_name": "Ved",
            "email": "moved@example.de",
            "locale": "en_GB",
        },
    ),
    WAITING,
)

HORSE: Final = ("WehceyPTu", "2c8e9ec2fcb914b1d065fd47629253ebb7f01b49")
HASHES: Final = {
    "Otto@example.de": HORSE,
    "ürsula@example.de": ("LTWVuUaAV", "c5c629c0881b7870c548293ac41f46f43c335860"),
    "moved@example.de": (
        "WehceyPTu",
        "$2y$10$9fZKcFTuV0DKS/3GW9Thx.M5NU5o9K8tc6weoOQmzT0wYCGVLbKLq",
    ),
    "waiting@example.de": HORSE,
}

COLLATED: Final = "ENGINE=MyISAM DEFAULT CHARSET=utf8 COLLATE=utf8_general_ci"

TABLES: Final = (
    # `password` is varchar(40) in 3; 4 makes it wider before it puts its own hashes there.
    f"""CREATE TABLE oc_customer (
        customer_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        customer_group_id int(11) NOT NULL,
        store_id int(11) NOT NULL DEFAULT 0,
        language_id int(11) NOT NULL,
        firstname varchar(32) NOT NULL,
        lastname varchar(32) NOT NULL,
        email varchar(96) NOT NULL,
        telephone varchar(32) NOT NULL,
        fax varchar(32) NOT NULL,
        password varchar(255) NOT NULL,
        salt varchar(9) NOT NULL,
        cart text,
        wishlist text,
        newsletter tinyint(1) NOT NULL DEFAULT 0,
        address_id int(11) NOT NULL DEFAULT 0,
        custom_field text NOT NULL,
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
        company varchar(40) NOT NULL,
        address_1 varchar(128) NOT NULL,
        address_2 varchar(128) NOT NULL,
        city varchar(128) NOT NULL,
        postcode varchar(10) NOT NULL,
        country_id int(11) NOT NULL DEFAULT 0,
        zone_id int(11) NOT NULL DEFAULT 0,
        custom_field text NOT NULL,
        KEY customer_id (customer_id)
    ) {COLLATED}""",
    f"""CREATE TABLE oc_country (
        country_id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
        name varchar(128) NOT NULL,
        iso_code_2 varchar(2) NOT NULL,
        iso_code_3 varchar(3) NOT NULL,
        address_format text NOT NULL,
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
        image varchar(64) NOT NULL,
        directory varchar(32) NOT NULL,
        sort_order int(3) NOT NULL DEFAULT 0,
        status tinyint(1) NOT NULL,
        KEY name (name)
    ) {COLLATED}""",
)


def make(url: str) -> None:
    """OpenCart's tables of customers, with `PEOPLE` in them."""
    execute(url, TABLES)
    countries(url, {"address_format": ""})
    languages(url, {"image": "", "directory": ""})
    insert(url, "oc_customer", [_customer(person) for person in PEOPLE])
    older = address(31, firstname="Old", address_1="Gone 1")
    insert(url, "oc_address", [older, address(32)])


def _customer(person: Known) -> dict[str, Any]:
    salt, password = HASHES[person.login]
    return customer(
        person,
        fax=person.profile.get("fax_phone") or "",
        password=password,
        salt=salt,
        address_id=32 if person.login == OTTO.login else 0,
    )
