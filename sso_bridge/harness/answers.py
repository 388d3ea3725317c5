"""Reading an answer, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from .facts import ANSWER_OF, MEDIA_TYPE, MESSAGES, RUM, SOAP11, SOAP12, TYPES, XSI, Children

__all__ = ["Answer", "Fault", "NotRead", "read"]

_ENVELOPES = {"soap11": SOAP11, "soap12": SOAP12}
_FAULT_STATUS = {"soap11": (500,), "soap12": (400, 500), "plain": (400, 500)}


class NotRead(Exception):
    """It is not an answer at all; the text says why."""


@dataclass(slots=True)
class Answer:
    """One answer of the contract. `fields` has children by name: text, bool, None for nil, a
    dictionary, or a list; `wrong` is what the contract says otherwise; `exchange` is its number."""

    name: str
    fields: dict[str, Any]
    wrong: list[str] = field(default_factory=list)
    exchange: int = 0

    @property
    def accepted(self) -> bool:
        """Whether it says yes: `successful`, or a profile that is there."""
        if "successful" in self.fields:
            return bool(self.fields["successful"])
        return bool(self.fields.get("userInfo"))

    @property
    def key(self) -> Mapping[str, Any]:
        """The userKey in it, empty if there is none."""
        return (
            self.fields.get("userKey") or (self.fields.get("userInfo") or {}).get("userKey") or {}
        )

    @property
    def erids(self) -> set[str]:
        """Every ERID in it. A userID is one by another name."""
        return {key for name in ("externalReferenceID", "userID") if (key := self.key.get(name))}

    @property
    def refusal(self) -> tuple[str | None, str | None]:
        """errorCode and errorMessage."""
        return self.fields.get("errorCode"), self.fields.get("errorMessage")

    def attributes(self) -> dict[str, str]:
        """The extended attributes that have a value."""
        items = (self.fields.get("extendedAttributes") or {}).get("item", [])
        return {i["name"]: i["value"] for i in items if i and i.get("name") and i.get("value")}


@dataclass(slots=True)
class Fault:
    """A Fault. `senders` is whether it blames the request."""

    text: str
    senders: bool
    wrong: list[str] = field(default_factory=list)


def read(asked: str, shape: str, status: int, media_type: str, body: bytes) -> Answer | Fault:
    """The answer to the request `asked`, sent in `shape`; raises NotRead."""
    try:
        root = etree.fromstring(
            body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        )
    except (etree.XMLSyntaxError, ValueError) as error:
        kind = media_type or "no Content-Type"
        raise NotRead(f"HTTP {status}, {kind}: not well-formed XML ({error})") from None
    wrong: list[str] = []
    expected = MEDIA_TYPE[shape]
    if media_type.partition(";")[0].strip().lower() != expected:
        wrong.append(f"the Content-Type is {media_type or 'missing'}; {shape} has {expected}")
    message = _unwrapped(root, shape, wrong)
    if etree.QName(message).localname == "Fault":
        fault = _fault(message, wrong)
        if status not in _FAULT_STATUS[shape]:
            fault.wrong.append(f"a Fault comes with HTTP {status}")
        return fault
    if status != 200:
        wrong.append(f"an answer that is no Fault comes with HTTP {status}")
    return _answer(message, ANSWER_OF[asked], wrong)


def _unwrapped(root: etree._Element, shape: str, wrong: list[str]) -> etree._Element:
    name = etree.QName(root)
    if shape == "plain":
        if name.localname == "Envelope":
            wrong.append("a request without an envelope is answered with one")
            return _only_child(root, f"{{{name.namespace}}}Body")
        return root
    if name.localname != "Envelope":
        wrong.append("a request in an envelope is answered without one")
        return root
    if name.namespace != _ENVELOPES[shape]:
        wrong.append(f"a request in {shape} is answered in an envelope of {name.namespace}")
    return _only_child(root, f"{{{name.namespace}}}Body")


def _only_child(envelope: etree._Element, body: str) -> etree._Element:
    bodies = envelope.findall(body)
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise NotRead("the envelope has not one Body with one element in it")
    return bodies[0][0]


def _fault(message: etree._Element, wrong: list[str]) -> Fault:
    namespace = etree.QName(message).namespace
    if namespace == SOAP12:
        code = message.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value") or ""
        text = message.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text")
        codes: tuple[str, ...] = (
            "Sender",
            "Receiver",
            "MustUnderstand",
            "VersionMismatch",
            "DataEncodingUnknown",
        )
    else:
        code, text = message.findtext("faultcode") or "", message.findtext("faultstring")
        codes = ("Client", "Server", "MustUnderstand", "VersionMismatch")
        if namespace != SOAP11:
            wrong.append(f"the Fault is in the namespace {namespace}")
    kind = code.rpartition(":")[2].partition(".")[0]
    if kind not in codes:
        wrong.append(f"the Fault's code is {code!r}")
    if not text:
        wrong.append("the Fault says nothing")
    return Fault(text or "", kind not in ("Server", "Receiver"), wrong)


def _answer(message: etree._Element, expected: str, wrong: list[str]) -> Answer:
    name = etree.QName(message)
    if name.localname != expected:
        wrong.append(f"the answer is {name.localname}; it should be {expected}")
    if name.namespace != RUM:
        wrong.append(f"{name.localname} is in the namespace {name.namespace or 'none'}, not {RUM}")
    children = MESSAGES.get(name.localname, MESSAGES[expected])
    fields = _fields(message, children, name.localname, wrong)
    if "successful" in children and not isinstance(fields.get("successful"), bool):
        wrong.append("successful is missing")
    return Answer(name.localname, fields, wrong)


def _fields(
    element: etree._Element, children: Children, path: str, wrong: list[str]
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    last = -1
    names = list(children)
    for child in element.iterchildren(etree.Element):
        tag = etree.QName(child)
        name, where = tag.localname, f"{path}/{tag.localname}"
        if tag.namespace:
            wrong.append(f"{where} is qualified ({tag.namespace}); children are in no namespace")
        if name not in children:
            wrong.append(f"{where} is not in the contract")
            continue
        if names.index(name) < last:
            wrong.append(f"{where} stands after {names[last]}; the contract has it before")
        last = max(last, names.index(name))
        value = _value(child, children[name], where, wrong)
        if name == "item":
            fields.setdefault(name, []).append(value)
        elif name in fields:
            wrong.append(f"{where} occurs twice")
        else:
            fields[name] = value
    return fields


def _value(child: etree._Element, kind: str, where: str, wrong: list[str]) -> Any:
    if child.get(f"{{{XSI}}}nil") in ("true", "1"):
        if len(child) or (child.text or "").strip():
            wrong.append(f"{where} is nil and has a value")
        return None
    if kind in TYPES:
        return _fields(child, TYPES[kind], where, wrong)
    text = child.text or ""
    if len(child):
        wrong.append(f"{where} holds elements; it should hold text")
    if kind != "boolean":
        return text
    if text.strip() not in ("true", "false", "1", "0"):
        wrong.append(f"{where} is {text!r}, which is no boolean")
        return text.strip().lower() == "true"
    return text.strip() in ("true", "1")
