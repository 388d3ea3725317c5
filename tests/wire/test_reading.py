"""Requests to messages: what is left open is read as it comes, what is ambiguous is refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sso_bridge.errors import InvalidMessage
from sso_bridge.soap.codec import MAX_ITEMS, Codec, Forms
from sso_bridge.soap.namespaces import COMMON, RUM, XSD, XSI
from sso_bridge.soap.parsing import parse
from sso_bridge.soap.types import COMMON_TYPES, MESSAGES


def as_sent(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


CODEC = Codec(
    MESSAGES,
    Forms(made=dict.fromkeys([*MESSAGES.values(), *COMMON_TYPES.values()], as_sent), written={}),
)
"""Reads a structure as the children that it has."""
REQUESTS = [name for name in MESSAGES if name.endswith("Request")]
DECLARED = f'xmlns:r="{RUM}" xmlns:c="{COMMON}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'


def read(children: str, name: str = "LoginRequest", attributes: str = "") -> Any:
    document = f"<r:{name} {DECLARED}{attributes}>{children}</r:{name}>"
    return CODEC.read(name, parse(document.encode(), None))


@pytest.mark.parametrize(
    ("child", "value"),
    [
        ("", None),
        ("<password/>", ""),
        ("<password></password>", ""),
        ('<password xsi:nil="true"/>', None),
        ('<password xsi:nil="1"></password>', None),
        ('<password xsi:nil="false"/>', ""),
        ('<password xsi:nil="0">p</password>', "p"),
        ('<password nil="true">p</password>', "p"),
        ('<password xsi:type="xsd:string">p</password>', "p"),
        ('<password xsi:type="xsd:int">p</password>', "p"),
        ('<password xsi:type="nowhere:thing">p</password>', "p"),
        ("<r:password>p</r:password>", "p"),
        ("<c:password>p</c:password>", "p"),
        ('<password xmlns="http://example.com/">p</password>', None),
        ("<password> p\tq\n </password>", " p\tq\n "),
        ("<password><![CDATA[<&>]]></password>", "<&>"),
        ("<password>a<![CDATA[b]]>c</password>", "abc"),
        ("<password>a<!-- b -->c</password>", "ac"),
        ("<password><!-- b -->c</password>", "c"),
        ("<password>a<?b c?>d</password>", "ad"),
        ("<password>&lt;&amp;&#62;&quot;&#x1F600;</password>", '<&>"\U0001f600'),
        ("<password>a&#13;b</password>", "a\rb"),
        ("<password>a\r\nb</password>", "a\nb"),
    ],
)
def test_text_is_read_as_it_was_meant(child: str, value: str | None) -> None:
    assert read(child).get("password") == value


@pytest.mark.parametrize(
    ("child", "key"),
    [
        ("", None),
        ('<userKey xsi:nil="true"/>', None),
        ("<userKey/>", (None, None)),
        ("<userKey><loginID/></userKey>", ("", None)),
        ("<userKey><siteID>s</siteID><loginID>l</loginID></userKey>", ("l", "s")),
        ("<userKey>\n <!-- who? --> <loginID>l</loginID>\n</userKey>", ("l", None)),
        ('<userKey xsi:type="c:UserKey"><c:loginID>l</c:loginID></userKey>', ("l", None)),
        ("<userKey>loose text<loginID>l</loginID></userKey>", ("l", None)),
    ],
)
def test_a_structure_is_read_with_what_it_has(
    child: str, key: tuple[str | None, str | None] | None
) -> None:
    found = read(child).get("userKey")
    assert (found if found is None else (found.get("loginID"), found.get("siteID"))) == key


def test_unknown_children_are_passed_over_wherever_they_stand() -> None:
    message = read(
        "<new><loginID>x</loginID></new><userKey><new/><loginID>l</loginID><new a='b'/></userKey>"
        "<c:other xsi:nil='true'>text</c:other><password>p</password>"
    )
    assert message == {"userKey": {"loginID": "l"}, "password": "p"}


@pytest.mark.parametrize(
    "children",
    [
        "<password>a</password><password>b</password>",
        '<password>a</password><password xsi:nil="true"/>',
        "<password>a</password><r:password>a</r:password>",
        "<userKey/><userKey/>",
        "<userKey><loginID>a</loginID><c:loginID>b</c:loginID></userKey>",
        "<password>a<b/></password>",
        "<userKey><loginID><a>b</a></loginID></userKey>",
        '<password xsi:nil="true">a</password>',
        '<userKey xsi:nil="true"><loginID>a</loginID></userKey>',
        '<userKey xsi:nil="true">a</userKey>',
        '<password href="#a"/>',
        '<userKey href="#a"/>',
        '<userKey href="#a" id="a"/>',
        '<userKey xmlns:enc="http://www.w3.org/2003/05/soap-encoding" enc:ref="a"/>',
        "<extendedAttributes>" + "<item/>" * (MAX_ITEMS + 1) + "</extendedAttributes>",
    ],
    ids=lambda children: str(children)[:70],
)
def test_what_could_be_read_in_two_ways_is_refused(children: str) -> None:
    with pytest.raises(InvalidMessage):
        read(children)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_nil_message_is_refused(name: str) -> None:
    with pytest.raises(InvalidMessage):
        read("", name, ' xsi:nil="true"')


def test_a_refusal_says_where_and_not_what() -> None:
    with pytest.raises(InvalidMessage) as caught:
        read("<userKey><loginID>somebody</loginID><loginID>else</loginID></userKey>")
    assert caught.value.details == "LoginRequest/userKey/loginID occurs twice"


def test_an_array_keeps_order_nils_and_gaps() -> None:
    items = read(
        "<extendedAttributes><item><name>a</name><value>1</value></item><new/>"
        '<item xsi:nil="true"/><item><value/></item></extendedAttributes>'
    )["extendedAttributes"]["item"]
    assert items == [{"name": "a", "value": "1"}, None, {"value": ""}]


def is_text(model: Any) -> bool:
    return not hasattr(model, "get_flat_type_info")


XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20
)


def trees(model: Any) -> st.SearchStrategy[Any]:
    """Values of a wire type as plain data: text, None, or a dict; a list for an array."""
    if is_text(model):
        return XML_TEXT | st.none()
    fields = {}
    for name, child in model.get_flat_type_info(model).items():
        many = child.Attributes.max_occurs != 1
        one = trees(child)
        fields[name] = st.lists(one, min_size=1, max_size=3) if many else one
    return st.fixed_dictionaries({}, optional=fields) | st.none()


def written(name: str, value: Any, rng: random.Random) -> etree._Element:
    """`value` as some client might write it: any order, prefixes, types, strangers."""
    namespace = rng.choice(["", f"{{{RUM}}}", f"{{{COMMON}}}"])
    element = etree.Element(namespace + name)
    if rng.random() < 0.5:
        element.set(f"{{{XSI}}}type", "c:Whatever")
    if value is None:
        element.set(f"{{{XSI}}}nil", rng.choice(["true", "1"]))
    elif isinstance(value, str):
        half = rng.randint(0, len(value))
        element.text = value[:half]
        if rng.random() < 0.5:
            comment = etree.Comment("aside")
            comment.tail = value[half:]
            element.append(comment)
        else:
            element.text = value
    else:
        _fill(element, value, rng)
    return element


def _fill(element: etree._Element, fields: dict[str, Any], rng: random.Random) -> None:
    names = list(fields)
    rng.shuffle(names)
    for name in names:
        value = fields[name]
        for item in value if isinstance(value, list) else [value]:
            element.append(written(name, item, rng))
        if rng.random() < 0.2:
            etree.SubElement(element, "stranger").text = "pass over"


def without_nils(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nils(v) for name, v in value.items() if v is not None}
    return [without_nils(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", REQUESTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_client_may_write_is_read_back(name: str, data: st.DataObject) -> None:
    model = MESSAGES[name]
    value = data.draw(trees(model)) or {}
    root = etree.Element(f"{{{RUM}}}{name}", nsmap={"r": RUM, "c": COMMON, "xsi": XSI})
    _fill(root, value, random.Random(data.draw(st.integers(0, 999))))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16", "us-ascii"]))
    document = etree.tostring(root, encoding=encoding, xml_declaration=True)
    assert isinstance(document, bytes)
    message = CODEC.read(name, parse(document, None))
    assert without_nils(message) == without_nils(value)
