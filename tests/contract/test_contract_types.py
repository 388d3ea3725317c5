"""The Spyne types and the WSDL say the same, and a drift of either would be noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

import pytest
from lxml import etree
from spyne import Application, Boolean, ComplexModel, Unicode
from spyne.interface.xml_schema import XmlSchema
from spyne.model.complex import TypeInfo
from spyne.protocol import ProtocolBase

from sso_bridge.core.bridge import Bridge
from sso_bridge.soap import types
from sso_bridge.soap.contract import OPERATIONS, wsdl
from sso_bridge.soap.namespaces import COMMON, RUM, XSD, qname
from sso_bridge.soap.service import service


class Child(NamedTuple):
    """One child of a message or type, all of it that a schema says."""

    name: str
    type: str
    form: str
    min_occurs: str
    max_occurs: str
    nillable: bool


Said = dict[str, tuple[str, tuple[Child, ...]]]
"""By the qualified name of a message or Common type: its content model and its children."""


def required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    assert value is not None
    return value


def said(schemas: Iterable[etree._Element]) -> Said:
    """What some schemas say of the messages in RUM and of the types in COMMON.

    Spyne names the type of each message where the WSDL does not, and gives each Common
    type an element, which no message uses: neither shows in a message, nor here."""
    answer: Said = {}
    for schema in schemas:
        namespace = required(schema, "targetNamespace")
        named = {required(t, "name"): t for t in schema.findall(qname(XSD, "complexType"))}
        found = named
        if namespace == RUM:
            messages = schema.findall(qname(XSD, "element"))
            found = {required(e, "name"): _type_of(e, named) for e in messages}
        for name, complex_type in found.items():
            answer[qname(namespace, name)] = _content(schema, complex_type)
    return answer


def _type_of(element: etree._Element, named: dict[str, etree._Element]) -> etree._Element:
    if element.get("type") is not None:
        return named[required(element, "type").partition(":")[2]]
    (anonymous,) = element.iterfind(qname(XSD, "complexType"))
    return anonymous


def _content(schema: etree._Element, complex_type: etree._Element) -> tuple[str, tuple[Child, ...]]:
    model = complex_type[-1]
    default = schema.get("elementFormDefault", "unqualified")
    return model.tag, tuple(_child(element, default) for element in model)


def _child(element: etree._Element, default_form: str) -> Child:
    get = element.get
    prefix, _, local_name = required(element, "type").partition(":")
    return Child(
        name=required(element, "name"),
        type=qname(element.nsmap[prefix], local_name),
        form=get("form", default_form),
        min_occurs=get("minOccurs", "1"),
        max_occurs=get("maxOccurs", "1"),
        nillable=get("nillable", "false") in ("true", "1"),
    )


def said_by_the_wsdl(root: etree._Element) -> Said:
    return said(root.iter(qname(XSD, "schema")))


def said_by_the_code() -> Said:
    """What Spyne's own schema of the real service says; no method is called for it."""
    application = Application(
        [service(cast(Bridge, None))],
        tns=RUM,
        name="RemoteUserManagement",
        in_protocol=ProtocolBase(),
        out_protocol=ProtocolBase(),
    )
    document = XmlSchema(application.interface, element_form_default="unqualified")
    document.build_schema_nodes()
    return said(document.schema_dict.values())


def the_file() -> etree._Element:
    return etree.fromstring(wsdl("http://localhost/"))


def test_the_types_and_the_wsdl_agree() -> None:
    by_the_code, by_the_wsdl = said_by_the_code(), said_by_the_wsdl(the_file())
    assert by_the_code.keys() == by_the_wsdl.keys()
    for name in by_the_wsdl:
        assert by_the_code[name] == by_the_wsdl[name], name


def test_what_was_compared_is_the_whole_contract() -> None:
    messages = {qname(RUM, n) for o in OPERATIONS for n in (o.request, o.response)}
    common = {qname(COMMON, name) for name in types.COMMON_TYPES}
    assert said_by_the_wsdl(the_file()).keys() == messages | common
    assert {qname(RUM, name) for name in types.MESSAGES} == messages


def test_both_names_of_get_user_have_the_same_children() -> None:
    wire = said_by_the_wsdl(the_file())
    for suffix in ("Request", "Response"):
        assert wire[qname(RUM, f"GetUser{suffix}")] == wire[qname(RUM, f"GetUserProfile{suffix}")]


# --- a drift of the file ---------------------------------------------------------------

Edit = Callable[[etree._Element], object]


def _find(root: etree._Element, name: str, child: str = "") -> etree._Element:
    path = f".//*[@name='{name}']" + (f"//*[@name='{child}']" if child else "")
    found = root.find(path)
    assert found is not None
    return found


def _on(name: str, child: str, edit: Edit) -> Edit:
    return lambda root: edit(_find(root, name, child))


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _to_the_front(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.insert(0, element)


def _twin(element: etree._Element) -> None:
    element.addnext(etree.fromstring(etree.tostring(element), None))
    element.set("name", "more")


def _qualify(root: etree._Element) -> None:
    next(root.iter(qname(XSD, "schema"))).set("elementFormDefault", "qualified")


def _move_namespace(root: etree._Element) -> None:
    next(root.iter(qname(XSD, "schema"))).set("targetNamespace", f"{COMMON}.1")


def _all(sequence: etree._Element) -> None:
    sequence.tag = qname(XSD, "all")


FILE_DRIFTS: dict[str, Edit] = {
    "child renamed": _on("UserKey", "userID", lambda e: e.set("name", "userId")),
    "child retyped": _on("UserInfo", "locale", lambda e: e.set("type", "xs:language")),
    "child moved": _on("LoginResponse", "userKey", _to_the_front),
    "child dropped": _on("AddressInfo", "countyName", _drop),
    "child added": _on("AddressInfo", "line3", _twin),
    "child mandatory": _on("UserKey", "loginID", lambda e: e.set("minOccurs", "1")),
    "child repeatable": _on("UserKey", "loginID", lambda e: e.set("maxOccurs", "2")),
    "child no longer nillable": _on("UserKey", "siteID", lambda e: e.set("nillable", "false")),
    "child qualified": _on("UserKey", "siteID", lambda e: e.set("form", "qualified")),
    "successful optional": _on("LoginResponse", "successful", lambda e: e.set("minOccurs", "0")),
    "array of one": _on("ExtendedAttributesInfoArray", "item", lambda e: e.set("maxOccurs", "1")),
    "children in any order": lambda root: _all(_find(root, "UserKey")[-1]),
    "message renamed": _on("LoginRequest", "", lambda e: e.set("name", "Login")),
    "message dropped": _on("GetUserRequest", "", _drop),
    "schema qualified": _qualify,
    "namespace moved": _move_namespace,
}


@pytest.mark.parametrize("drift", FILE_DRIFTS.values(), ids=FILE_DRIFTS.keys())
def test_a_drift_of_the_file_is_noticed(drift: Edit) -> None:
    root = the_file()
    drift(root)
    assert said_by_the_wsdl(root) != said_by_the_code()


# --- a drift of the code ---------------------------------------------------------------

Children = list[tuple[str, Any]]


def _replaced(name: str, model: Any) -> Callable[[Children], Children]:
    return lambda children: [(n, model if n == name else m) for n, m in children]


CODE_DRIFTS: dict[str, tuple[type[ComplexModel], Callable[[Children], Children]]] = {
    "child renamed": (types.UserKey, _replaced("userID", Unicode(sub_name="userId"))),
    "child retyped": (types.UserKey, _replaced("userID", Boolean)),
    "children reversed": (types.UserInfo, lambda children: children[::-1]),
    "child dropped": (types.AddressInfo, lambda children: children[:-1]),
    "child added": (types.AddressInfo, lambda children: [*children, ("more", Unicode)]),
    "child mandatory": (types.UserKey, _replaced("loginID", Unicode(min_occurs=1))),
    "child repeatable": (types.UserKey, _replaced("loginID", Unicode(max_occurs=2))),
    "child no longer nillable": (types.UserKey, _replaced("siteID", Unicode(nillable=False))),
    "successful optional": (types.LoginResponse, _replaced("successful", Boolean)),
    "array of one": (
        types.ExtendedAttributesInfoArray,
        _replaced("item", types.ExtendedAttributesInfo),
    ),
}


@pytest.mark.parametrize(("model", "drift"), CODE_DRIFTS.values(), ids=CODE_DRIFTS.keys())
def test_a_drift_of_the_code_is_noticed(
    model: Any, drift: Callable[[Children], Children], monkeypatch: pytest.MonkeyPatch
) -> None:
    children = drift(list(model._type_info.items()))
    monkeypatch.setattr(model, "_type_info", TypeInfo(children))
    assert said_by_the_code() != said_by_the_wsdl(the_file())


def test_a_namespace_that_moved_in_the_code_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types.UserKey, "__namespace__", f"{COMMON}.1")
    assert said_by_the_code() != said_by_the_wsdl(the_file())
