"""The page that a person sees at the endpoint."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template
from typing import Final

from lxml import etree
from werkzeug.wrappers import Response

from ..errors import (
    CreationRefused,
    InvalidLogin,
    InvalidSession,
    InvalidUserKey,
    LoginTaken,
    Refused,
    UserNotActive,
    UserNotFound,
)
from ..soap.envelope import Shape, wrap
from ..soap.namespaces import RUM, XSI

__all__ = ["REFUSED", "SAMPLES", "Page", "Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the page tells of one operation. `process` is Digital River's name for it;
    `request` and `answer` are the children of the two message elements, as XML."""

    operation: str
    process: str
    purpose: str
    called: str
    failing: str
    request: str
    answer: str
    note: str = ""

    def messages(self) -> tuple[str, str]:
        """The request and its answer: each one element, on one line."""
        return (
            message(f"{self.operation}Request", self.request),
            message(f"{self.operation}Response", self.answer),
        )


def message(name: str, children: str) -> str:
    """The message element `name` around `children`, as XML on one line."""
    xsi = f' xmlns:xsi="{XSI}"' if "xsi:" in children else ""
    return f'<rum:{name} xmlns:rum="{RUM}"{xsi}>{children}</rum:{name}>'


_LOGIN: Final = "<loginID>demo@example.com</loginID><siteID>demo</siteID>"
_TOKEN: Final = "F3CB68D6-1643-11DD-8402-E6326E64542C/8443"
_ERID: Final = "<externalReferenceID>10000417</externalReferenceID>"
_KEY: Final = f"<userKey><userID>10000417</userID>{_ERID}{_LOGIN}</userKey>"
_NEW: Final = "<loginID>nia@example.com</loginID><siteID>demo</siteID>"
_NEW_KEY: Final = f"<userKey><userID>10000418</userID>{_ERID}{_NEW}</userKey>".replace("417", "418")
_NAMES: Final = (
    "<firstName>Dana</firstName><lastName>Demo</lastName>"
    "<email>demo@example.com</email><locale>en_US</locale>"
)
_ADDRESS: Final = (
    "<city>Minneapolis</city><countryA2>US</countryA2><line1>1 Market Square</line1>"
    "<name1>Dana</name1><name2>Demo</name2><postalCode>55401</postalCode><state>MN</state>"
)


def _attribute(name: str, value: str) -> str:
    item = f"<name>{name}</name><value>{value}</value><valueDataType>string</valueDataType>"
    return f"<extendedAttributes><item>{item}</item></extendedAttributes>"


_ASKED_AGAIN: Final = "The shopper sees an error and is asked to try again."
_READS: Final = "Reads the profile of the user that a key names, addresses included."
_FETCHED: Final = "After a sign-in, and when a shopper comes back from the merchant’s profile page."
_NOT_REFRESHED: Final = "Nothing is shown; the store keeps the profile that it has."

SAMPLES: Final = (
    Sample(
        "Login",
        "RemoteLogin",
        "Checks a login and its password, and says who it is.",
        "A shopper signs in on a page of the store.",
        _ASKED_AGAIN,
        f"<userKey>{_LOGIN}</userKey><password>123123</password>",
        f"<successful>true</successful>{_KEY}{_attribute('crmSession', _TOKEN)}",
    ),
    Sample(
        "GetUser",
        "RemoteUserFetch",
        _READS,
        _FETCHED,
        _NOT_REFRESHED,
        f"<userKey>{_ERID}<siteID>demo</siteID></userKey>",
        f"<userInfo>{_KEY}{_NAMES}</userInfo><errorMessage></errorMessage>",
        "The same call as GetUserProfile; each is answered under its own name.",
    ),
    Sample(
        "GetUserProfile",
        "RemoteUserFetch",
        _READS,
        _FETCHED,
        _NOT_REFRESHED,
        f"<userKey>{_LOGIN}</userKey>",
        f"<userInfo>{_KEY}{_NAMES}<shippingAddress>{_ADDRESS}</shippingAddress></userInfo>"
        "<errorMessage></errorMessage>" + _attribute("hasAcceptedTermsNConditions", "yes"),
        "The same call as GetUser.",
    ),
    Sample(
        "ValidateSession",
        "RemoteSessionValidation",
        "Says whose session a token stands for.",
        "A shopper arrives with the merchant’s session token, in a cookie or a URL parameter.",
        "Nothing is shown; the shopper stays signed out.",
        f"<userKey><siteID>demo</siteID></userKey><sessionToken>{_TOKEN}</sessionToken>",
        f"<successful>true</successful>{_KEY}",
    ),
    Sample(
        "CreateUserProfile",
        "RemoteCreateUser",
        "Makes a new account, and gives it its permanent reference.",
        "A shopper opens an account at checkout.",
        _ASKED_AGAIN,
        f"<userInfo><userKey>{_NEW}</userKey><firstName>Nia</firstName><lastName>New</lastName>"
        "<email>nia@example.com</email><locale>en_US</locale></userInfo>"
        "<password>correct horse</password>",
        f"<successful>true</successful>{_NEW_KEY}",
        "A call that got no answer is repeated for up to two days. A repeated creation is "
        "answered with the same user, never with a second one.",
    ),
)
"""One for each operation, in the contract's order."""

REFUSED: Final = (
    (
        "A refused Login",
        message(
            "LoginResponse",
            f"<successful>false</successful><errorCode>{InvalidLogin.code}</errorCode>"
            f"<errorMessage>{InvalidLogin.text}</errorMessage>",
        ),
    ),
    (
        "A refused GetUserProfile",
        message(
            "GetUserProfileResponse",
            f'<userInfo xsi:nil="true"/><errorMessage>{UserNotActive.text}</errorMessage>',
        ),
    ),
)
"""Answers that say no: a title and the message, on one line."""

_REFUSALS: Final[tuple[tuple[str, type[Refused], bool], ...]] = (
    ("A login, for whatever reason", InvalidLogin, True),
    ("A session that is not good", InvalidSession, True),
    ("A new account whose login is taken", LoginTaken, True),
    ("A new account that cannot be made", CreationRefused, True),
    ("The profile of an inactive user", UserNotActive, False),
    ("The profile of nobody", UserNotFound, False),
    ("A profile whose keys disagree", InvalidUserKey, False),
)
"""A case, its error, and whether its answer has an errorCode."""

_SHAPES: Final = {
    "SOAP 1.1 as text/xml": Shape.SOAP11,
    "SOAP 1.2 as application/soap+xml": Shape.SOAP12,
}
_CONTENT: Final = '<li><a href="#{0}">{0}</a></li>'
_STATE: Final = "<!-- state -->\n"
_TAG: Final = re.compile("(<[^>]*>)")


class Page:
    """Describes the service, its operations and its state; no script, nothing from elsewhere.

    Made once; only the state is put in for each request. `public_url` is shown, not linked."""

    def __init__(self, *, public_url: str) -> None:
        template = resources.files(__package__).joinpath("page.html").read_text("utf-8")
        style = template.partition("<style>")[2].partition("</style>")[0]
        html = Template(template).substitute(
            url=escape(public_url).replace("/", "/<wbr>"),
            contents="\n".join(_CONTENT.format(s.operation) for s in SAMPLES),
            operations="\n".join(_operation(s, public_url) for s in SAMPLES),
            shapes="\n".join(_figure(title, _wrapped(shape)) for title, shape in _SHAPES.items()),
            refusals="\n".join(_refusal(*row) for row in _REFUSALS),
            refused="\n".join(_figure(title, _pretty(xml)) for title, xml in REFUSED),
        )
        self._before, self._after = html.split(_STATE)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }

    def response(self, parts: Mapping[str, str]) -> Response:
        """The page, with the state of each part: "ok", or anything else for not ready."""
        html = f"{self._before}{_state(parts)}{self._after}"
        return Response(html, headers=self._headers, content_type="text/html; charset=utf-8")


def _state(parts: Mapping[str, str]) -> str:
    """What is wrong with a part is not said here: this page may be read by anybody."""
    ready = all(state == "ok" for state in parts.values())
    meaning = (
        "Every part that a call needs is there."
        if ready
        else "Calls that need a part that is not ready are answered with a fault. "
        "They may be sent again later."
    )
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name[:1].upper() + name[1:])}</th>'
        f"<td>{_light(state == 'ok', 'ok', 'not ready')}</td></tr>"
        for name, state in parts.items()
    )
    verdict = _light(ready, "Ready", "Not ready")
    return f"""<section id="state" class="state" aria-labelledby="state-title">
<div class="verdict"><h2 id="state-title">State</h2>{verdict}</div>
<p>{meaning}</p>
<table>
<thead><tr><th scope="col">Part</th><th scope="col">State</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</section>
"""


def _light(good: bool, yes: str, no: str) -> str:
    return f'<span class="ok">{yes}</span>' if good else f'<span class="bad">{no}</span>'


def _operation(sample: Sample, url: str) -> str:
    request, answer = sample.messages()
    name = sample.operation
    curl = f"curl -sS -H 'Content-Type: text/xml' --data {shlex.quote(request)} {shlex.quote(url)}"
    note = f"<dt>Note</dt><dd>{escape(sample.note)}</dd>\n" if sample.note else ""
    return f"""<section id="{name}" aria-labelledby="{name}-title">
<h3 id="{name}-title">{name}</h3>
<p>{escape(sample.purpose)}</p>
<dl>
<dt>Called when</dt><dd>{escape(sample.called)}</dd>
<dt>If it fails</dt><dd>{escape(sample.failing)}</dd>
<dt>Digital River’s name</dt><dd>{sample.process}</dd>
{note}</dl>
<details{" open" if sample is SAMPLES[0] else ""}>
<summary>Sample messages</summary>
<div class="samples">
{_figure(f"{name}Request", _pretty(request))}
{_figure(f"{name}Response", _pretty(answer))}
{_figure(f"{name} with curl", escape(curl), wide=True)}
</div>
</details>
</section>"""


def _figure(title: str, html: str, *, wide: bool = False) -> str:
    """A box of code. It may scroll sideways, so that the keyboard must be able to reach it."""
    outer, inner = (' class="full"', ' class="wrap"') if wide else ("", "")
    box = f'<pre{inner} tabindex="0" role="group" aria-label="{title}"><code>{html}</code></pre>'
    return f"<figure{outer}><figcaption>{title}</figcaption>{box}</figure>"


def _pretty(xml: str) -> str:
    """`xml` indented, as HTML in which the tags are set apart from the values."""
    root = etree.fromstring(xml)
    etree.indent(root)
    pieces = _TAG.split(etree.tostring(root, encoding="unicode").replace(" xmlns:", "\n    xmlns:"))
    return "".join(f"<b>{escape(p)}</b>" if p.startswith("<") else escape(p) for p in pieces)


def _wrapped(shape: Shape) -> str:
    """The first request in an envelope, as HTML."""
    sample = SAMPLES[0]
    element = f"<rum:{sample.operation}Request>{sample.request}</rum:{sample.operation}Request>"
    return _pretty(wrap(shape, element).decode().split("?>", 1)[1])


def _refusal(case: str, error: type[Refused], coded: bool) -> str:
    code = f"<code>{error.code}</code>" if coded else "none"
    return f'<tr><th scope="row">{case}</th><td>{code}</td><td><code>{error.text}</code></td></tr>'
