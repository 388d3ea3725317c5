"""Requests: whatever the style, they say the same, and what the contract says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sso_bridge.harness.facts import MESSAGES, RUM, TYPES, XSI
from sso_bridge.harness.messages import BARE, PUBLISHED_STYLE, SHAPES, STYLES, Style, request
from sso_bridge.soap.contract import schema

SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40
)


def message_in(body: bytes) -> Any:
    root = etree.fromstring(body)
    return root if root.tag.startswith(f"{{{RUM}}}") else root[0][0]


def said(element: Any) -> Any:
    """What an element says, without how it is written."""
    if element.get(f"{{{XSI}}}nil") == "true":
        return None
    if not len(element):
        return element.text or ""
    children = [(child.tag, said(child)) for child in element]
    known = {n for c in (*TYPES.values(), *MESSAGES.values()) for n in c}
    return sorted((t, v) for t, v in children if t in known and v is not None)


@given(login=TEXTS, password=TEXTS, value=TEXTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_style_says_the_same(shape: str, login: str, password: str, value: str) -> None:
    fields: dict[str, Any] = {
        "userKey": {"loginID": login},
        "password": password,
        "extendedAttributes": {"item": [{"name": "crm", "value": value}, {"name": "b"}]},
    }
    written = [said(message_in(request("LoginRequest", fields, shape, style))) for style in STYLES]
    assert all(one == written[0] for one in written)
    assert (("loginID", login)) in written[0][-1][1]


@pytest.mark.parametrize("style", [BARE, PUBLISHED_STYLE], ids=["bare", "published"])
@pytest.mark.parametrize("name", [name for name in MESSAGES if name.endswith("Request")])
def test_requests_are_what_the_schema_says(name: str, style: Style) -> None:
    key = {"loginID": "a", "siteID": "b"}
    fields: dict[str, Any] = {"userKey": key}
    if name == "CreateUserProfileRequest":
        fields = {"userInfo": {"userKey": key, "shippingAddress": {"city": "c"}}, "password": "d"}
    document = message_in(request(name, fields, "plain", style))
    assert schema().validate(document), schema().error_log


@pytest.mark.parametrize("name", MESSAGES)
def test_the_harness_knows_the_contract_by_itself_and_agrees_with_it(name: str) -> None:
    """Each message with every child that the harness knows, in its order, is valid; with any two of
    them swapped it is not."""
    root = etree.Element(f"{{{RUM}}}{name}", nsmap={"r": RUM})
    for child, kind in MESSAGES[name].items():
        element = etree.SubElement(root, child)
        if kind == "boolean":
            element.text = "true"
        for inner in TYPES.get(kind, {}) if kind != "ExtendedAttributesInfoArray" else {}:
            etree.SubElement(element, inner)
    assert schema().validate(root), schema().error_log
    root.insert(0, root[1])
    assert not schema().validate(root)


def test_a_field_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="loginId"):
        request("LoginRequest", {"userKey": {"loginId": "a"}}, "plain", BARE)


def test_the_published_style_is_that_of_the_published_sample() -> None:
    def written(root: Any) -> list[tuple[str, str, str | None]]:
        return [
            (e.tag, e.get(f"{{{XSI}}}type", "").partition(":")[2], e.get(f"{{{XSI}}}nil"))
            for e in root.iter(etree.Element)
        ]

    published = message_in((SAMPLES / "LoginRequest.xml").read_bytes())
    fields: dict[str, Any] = {"userKey": {"loginID": "a"}, "password": "b"}
    ours = message_in(request("LoginRequest", fields, "plain", PUBLISHED_STYLE))
    assert written(ours) == written(published)
