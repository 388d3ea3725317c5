"""Messages to answers: the contract's order, no xsi:type, valid whatever a database holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sso_bridge.soap.codec import NIL, Codec, Form, Forms
from sso_bridge.soap.contract import schema
from sso_bridge.soap.envelope import Shape, wrap
from sso_bridge.soap.namespaces import RUM, SOAP11_ENVELOPE, SOAP12_ENVELOPE, XSI
from sso_bridge.soap.types import COMMON_TYPES, MESSAGES


def by_name(model: Any) -> dict[type, Form]:
    names = tuple(model.get_flat_type_info(model))
    return {dict: Form(names, lambda fields: [fields.get(name) for name in names])}


CODEC = Codec(
    MESSAGES,
    Forms(made={}, written={m: by_name(m) for m in (*MESSAGES.values(), *COMMON_TYPES.values())}),
)
"""Writes a structure from what it has by the name of each child."""
ANSWERS = [name for name in MESSAGES if name.endswith("Response")]


def values(model: Any) -> st.SearchStrategy[Any]:
    """Values of a wire type as the service makes them, of any text Python can hold."""
    if not hasattr(model, "get_flat_type_info"):
        return st.booleans() if model.get_type_name() == "boolean" else st.text(max_size=20)
    fields: dict[Any, st.SearchStrategy[Any]] = {}
    required: dict[Any, st.SearchStrategy[Any]] = {}
    for name, child in model.get_flat_type_info(model).items():
        one: st.SearchStrategy[Any] = values(child)
        if child.Attributes.max_occurs != 1:
            fields[name] = st.lists(one, max_size=3)
        elif child.Attributes.min_occurs:
            required[name] = one
        else:
            fields[name] = one | st.none()
            if hasattr(child, "get_flat_type_info"):
                fields[name] |= st.just(NIL)
    return st.fixed_dictionaries(required, optional=fields)


def opened(answer: bytes, shape: Shape) -> etree._Element:
    root = etree.fromstring(answer)
    if shape is Shape.PLAIN:
        return root
    envelope = SOAP11_ENVELOPE if shape is Shape.SOAP11 else SOAP12_ENVELOPE
    (body,) = root
    assert (root.tag, body.tag) == (f"{{{envelope}}}Envelope", f"{{{envelope}}}Body")
    (message,) = body
    return message


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_every_answer_validates_and_has_no_type(name: str, data: st.DataObject) -> None:
    message = data.draw(values(MESSAGES[name]))
    shape = data.draw(st.sampled_from(Shape))
    answer = opened(wrap(shape, CODEC.write(name, message)), shape)
    schema().assertValid(etree.fromstring(etree.tostring(answer)))
    for element in answer.iter():
        assert f"{{{XSI}}}type" not in element.attrib
        assert element is answer or not str(element.tag).startswith("{")


def login_answer(text: str) -> etree._Element:
    message = {"successful": False, "errorMessage": text}
    return etree.fromstring(wrap(Shape.PLAIN, CODEC.write("LoginResponse", message)))


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\x07\x1b[31mb", "a\ufffd\ufffd[31mb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\ufffe\uffffb", "a\ufffd\ufffdb"),
        ("a\r\nb\rc\td", "a\r\nb\rc\td"),
        ("<b>&amp;]]></b>", "<b>&amp;]]></b>"),
        (" spaces ", " spaces "),
        ("\u202e\u0301\U0001f600", "\u202e\u0301\U0001f600"),
        ("", ""),
    ],
    ids=ascii,
)
def test_what_xml_cannot_carry_is_replaced_and_nothing_else(stored: str, sent: str) -> None:
    assert (login_answer(stored).findtext("errorMessage")) == sent


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
)
def test_ordinary_text_survives_the_way_there_and_back(text: str) -> None:
    assert login_answer(text).findtext("errorMessage") == text


@given(st.lists(st.text("\xa6&<>a\r\x1f ", max_size=6) | st.none(), min_size=5, max_size=5))
def test_each_text_stays_in_its_element_whatever_the_others_are(texts: list[str | None]) -> None:
    names = ["userID", "externalReferenceID", "companyID", "loginID", "siteID"]
    key = dict(zip(names, texts, strict=True))
    message = {"successful": True, "userKey": key}
    answer = etree.fromstring(wrap(Shape.PLAIN, CODEC.write("LoginResponse", message)))
    read = [answer.findtext(f"userKey/{name}") for name in names]
    assert read == [None if t is None else t.replace("\x1f", "\ufffd") for t in texts]


def test_absent_nil_and_empty_are_told_apart() -> None:
    message = {"userInfo": NIL, "errorMessage": "", "extendedAttributes": None}
    answer = etree.fromstring(wrap(Shape.PLAIN, CODEC.write("GetUserResponse", message)))
    info, error = answer
    assert (answer.tag, info.tag, error.tag) == (
        f"{{{RUM}}}GetUserResponse",
        "userInfo",
        "errorMessage",
    )
    assert info.items() == [(f"{{{XSI}}}nil", "true")]
    assert (error.text, error.items()) == (None, [])
