"""WooCommerce, on the tables of WordPress.

It keeps customers' addresses in `wp_usermeta`, in rows whose names are in its class of customers.
Its own table of customers, for reports, is here so that the database can be told from one without
WooCommerce. Hashes are WordPress's, see there."""

from __future__ import annotations

from typing import Final

from .people import Known, execute
from .wordpress import COLLATED, QUOTES, add_people, tables

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("mariadb",)

PEOPLE: Final = (
    Known(
        login="anna",
        password="correct horse",
        profile={
            "first_name": "Anna",
            "last_name": "Berg",
            "email": "anna.berg@example.com",
            "locale": "de_DE",
            "home_phone": "+49 30 123456",
            "billing_address.name1": "Anna",
            "billing_address.name2": "Berg",
            "billing_address.company_name": "Berg & Söhne",
            "billing_address.line1": "Lindenstraße 1",
            "billing_address.line2": "Hof links",
            "billing_address.city": "Köln",
            "billing_address.state": "DE-NW",
            "billing_address.postal_code": "50674",
            "billing_address.country_a2": "DE",
            "billing_address.phone_number": "+49 30 123456",
            "billing_address.email": "rechnung@example.com",
            "shipping_address.name1": "Lars",
            "shipping_address.name2": "Berg",
            "shipping_address.line1": "Postfach 7",
            "shipping_address.city": "Zürich",
            "shipping_address.state": "ZH",
            "shipping_address.postal_code": "8001",
            "shipping_address.country_a2": "CH",
            "shipping_address.phone_number": "+41 44 1",
        },
        other_logins=("Anna", "ANNA.BERG@example.com"),
    ),
    # A customer who never gave another address than the one for bills.
    Known(
        login="bo oneil",
        password=QUOTES,
        profile={
            "first_name": "Bo",
            "last_name": "O'Neil",
            "email": "bo@example.com",
            "locale": "en_US",
            "home_phone": "555-0100",
            "billing_address.name1": "Bo",
            "billing_address.name2": "O'Neil",
            "billing_address.line1": "1 Main St",
            "billing_address.city": "Austin",
            "billing_address.state": "TX",
            "billing_address.postal_code": "78701",
            "billing_address.country_a2": "US",
            "billing_address.phone_number": "555-0100",
            "billing_address.email": "bo@example.com",
        },
        other_logins=("bo@example.com",),
    ),
    # One who registered and never bought anything.
    Known(
        login="greta",
        password="gréta's pa$$",
        profile={
            "first_name": "Gréta",
            "last_name": "Öberg",
            "email": "greta@example.se",
            "locale": "en_US",
        },
        strangers=("gréta",),
    ),
    Known(login="sigrid", password=None),
    Known(login="nora", password="correct horse", active=False),
)

ADDRESSES: Final = {
    "anna": {
        "billing_first_name": "Anna",
        "billing_last_name": "Berg",
        "billing_company": "Berg & Söhne",
        "billing_address_1": "Lindenstraße 1",
        "billing_address_2": "Hof links",
        "billing_city": "Köln",
        "billing_state": "DE-NW",
        "billing_postcode": "50674",
        "billing_country": "DE",
        "billing_email": "rechnung@example.com",
        "billing_phone": "+49 30 123456",
        "shipping_first_name": "Lars",
        "shipping_last_name": "Berg",
        "shipping_company": "",
        "shipping_address_1": "Postfach 7",
        "shipping_address_2": "",
        "shipping_city": "Zürich",
        "shipping_state": "ZH",
        "shipping_postcode": "8001",
        "shipping_country": "CH",
        "shipping_phone": "+41 44 1",
    },
    "bo oneil": {
        "billing_first_name": "Bo",
        "billing_last_name": "O'Neil",
        "billing_company": "",
        "billing_address_1": "1 Main St",
        "billing_address_2": "",
        "billing_city": "Austin",
        "billing_state": "TX",
        "billing_postcode": "78701",
        "billing_country": "US",
        "billing_email": "bo@example.com",
        "billing_phone": "555-0100",
        "shipping_first_name": "",
        "shipping_last_name": "",
        "shipping_address_1": "",
        "shipping_city": "",
        "shipping_country": "",
    },
}

LOOKUP: Final = f"""CREATE TABLE wp_wc_customer_lookup (
    customer_id bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id bigint(20) unsigned DEFAULT NULL,
    username varchar(60) NOT NULL DEFAULT '',
    first_name varchar(255) NOT NULL,
    last_name varchar(255) NOT NULL,
    email varchar(100) DEFAULT NULL,
    date_last_active timestamp NULL DEFAULT NULL,
    date_registered timestamp NULL DEFAULT NULL,
    country char(2) NOT NULL DEFAULT '',
    postcode varchar(20) NOT NULL DEFAULT '',
    city varchar(100) NOT NULL DEFAULT '',
    state varchar(100) NOT NULL DEFAULT '',
    UNIQUE KEY user_id (user_id),
    KEY email (email)
) {COLLATED}"""


def make(url: str) -> None:
    """The tables of users with WooCommerce's customers in them."""
    tables(url)
    execute(url, [LOOKUP])
    usual = {"wp_capabilities": 'a:1:{s:8:"customer";b:1;}', "paying_customer": "0"}
    usual["last_update"] = "1710000000"
    more = {one.login: {**usual, **ADDRESSES.get(one.login, {})} for one in PEOPLE}
    add_people(url, PEOPLE, more)
