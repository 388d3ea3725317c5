"""Faults: an error as each shape of message says it, and its HTTP status.

What goes out is the error's published text and, for a message that cannot be understood,
the place. `details` of anything else stays here."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from ..core.call import FailedAuthentication
from ..errors import InvalidMessage, Rejected
from .envelope import MustUnderstand, Shape, VersionMismatch, wrap
from .namespaces import CALL, SOAP11_ENVELOPE, SOAP12_ENVELOPE, WSSE

__all__ = ["fault"]

_OUR_FAULT = "The request could not be served"


def fault(shape: Shape, error: Exception, call_id: str) -> tuple[int, bytes]:
    """The HTTP status and body of the Fault that `error` becomes. `call_id` is in it.

    SOAP 1.1 has one status for all Faults, 500 (Basic Profile 1.1, R1126); SOAP 1.2 has 400
    for the sender's (SOAP 1.2 part 2, table 20), which plain XML follows."""
    sender = isinstance(error, Rejected)
    special = isinstance(error, (MustUnderstand, VersionMismatch))
    of_header = special or isinstance(error, FailedAuthentication)
    text = escape(_text(error))
    detail = f'<call xmlns="{CALL}">{escape(call_id)}</call>'
    if shape is Shape.SOAP12:
        return (400 if sender and not special else 500), _soap12(error, sender, text, detail)
    if of_header:  # a detail would say that the Body is at fault (SOAP 1.1, 4.4)
        body = f"<faultstring>{text} (call {escape(call_id)})</faultstring>"
    else:
        body = f"<faultstring>{text}</faultstring><detail>{detail}</detail>"
    body = f"{_faultcode(error, sender)}{body}"
    if shape is Shape.SOAP11:
        return 500, wrap(shape, f"<soapenv:Fault>{body}</soapenv:Fault>")
    opening = f'<soapenv:Fault xmlns:soapenv="{SOAP11_ENVELOPE}">'
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{body}</soapenv:Fault>'
    return (400 if sender else 500), document.encode()


def _text(error: Exception) -> str:
    text = getattr(error, "text", _OUR_FAULT)
    if isinstance(error, InvalidMessage) and error.details:
        return f"{text}: {error.details}"
    return str(text)


def _faultcode(error: Exception, sender: bool) -> str:
    if isinstance(error, FailedAuthentication):
        code = f"wsse:{type(error).__name__}"
        return f'<faultcode xmlns:wsse="{WSSE}">{code}</faultcode>'
    code = "Client" if sender else "Server"
    if isinstance(error, (MustUnderstand, VersionMismatch)):
        code = type(error).__name__
    return f"<faultcode>soapenv:{code}</faultcode>"


def _soap12(error: Exception, sender: bool, text: str, detail: str) -> bytes:
    header, subcode, code = "", "", "Sender" if sender else "Receiver"
    if isinstance(error, MustUnderstand):
        code = "MustUnderstand"
        blocks = "".join(
            f"<soap:NotUnderstood qname={quoteattr('h:' + block.localname)}"
            f" xmlns:h={quoteattr(block.namespace or '')}/>"
            for block in error.blocks
            if block.namespace
        )
        header = f"<soap:Header>{blocks}</soap:Header>"
    elif isinstance(error, VersionMismatch):
        code = "VersionMismatch"
    elif isinstance(error, FailedAuthentication):
        value = f"wsse:{type(error).__name__}"
        subcode = (
            f'<soap:Subcode><soap:Value xmlns:wsse="{WSSE}">{value}</soap:Value></soap:Subcode>'
        )
    body = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value>{subcode}"
        f'</soap:Code><soap:Reason><soap:Text xml:lang="en">{text}</soap:Text>'
        f"</soap:Reason><soap:Detail>{detail}</soap:Detail></soap:Fault>"
    )
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<soap:Envelope xmlns:soap="{SOAP12_ENVELOPE}">{header}'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )
    return document.encode()
