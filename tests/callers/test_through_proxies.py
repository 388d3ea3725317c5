"""nginx and HAProxy verify client certificates and pass them on, as docs/callers.md says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from sso_bridge.web.certificates import FORMS, name
from tests.database.certificates import CLIENT
from tests.deploy.backend import Backend, backend
from tests.nodes.cluster import PORT, loopback
from tests.nodes.proxies import PROXIES, Proxy
from tests.running import running_server

from .asking import ANN, Reply, asked, configuration, post, trusting

pytestmark = pytest.mark.xdist_group("callers-proxies")
PAGE = (Path(__file__).parents[2] / "docs" / "callers.md").read_text(encoding="utf-8")
CALLERS = """
[proxies]
trusted = ["127.0.0.1"]
address_header = "ClientAddress"
certificate_header = "ClientCert"
certificate_form = "{form}"

[callers.store]
certificate = ["DNS:{client}"]
networks = ["{range}.9"]
"""
FORM = {"nginx": "pem", "haproxy": "der"}


def documented(program: str, form: str) -> str:
    """The line of the page with which `program` passes a certificate on."""
    block = re.findall(
        rf"^# {program}\b[^\n]*\"{form}\"\n(.*?)(?:\n\n|^```)", PAGE, re.M | re.S | re.I
    )
    (line,) = [line for line in "\n".join(block).splitlines() if "ClientCert" in line]
    return str(line)


def changes(program: str, ca: Path, *lines: str) -> list[tuple[str, str]]:
    """What makes the file of `deploy/` ask for certificates, with `lines` besides."""
    more = "\n".join(lines)
    if program == "nginx":
        asks = f"ssl_client_certificate {ca};\n ssl_verify_client optional;\n"
        tickets, forwarded = "ssl_session_tickets off;", 'proxy_set_header Forwarded "";'
        return [(tickets, f"{tickets}\n{asks}"), (forwarded, f"{forwarded}\n{more}")]
    alpn, forwarded = "alpn http/1.1", "http-request del-header Forwarded"
    asks = f"{alpn} ca-file {ca} verify optional"
    return [(alpn, asks), (forwarded, f"{forwarded}\n{more}")]


def address_line(program: str) -> str:
    if program == "nginx":
        return "proxy_set_header ClientAddress $remote_addr;"
    return "http-request set-header ClientAddress %[src]"


@dataclass
class Front:
    proxy: Proxy
    range: str

    def ask(
        self, *headers: tuple[str, str], certificate: str | None = "client", source: int = 9
    ) -> Reply:
        folder = self.proxy.folder
        shown = None if certificate is None else folder / f"{certificate}.pem"
        return post(
            self.proxy.address,
            asked("GetUser", ANN),
            headers=headers,
            source=f"{self.range}.{source}",
            context=trusting(self.proxy.ca, shown),
        )


@pytest.fixture(scope="module", params=PROXIES)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def front(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A proxy before a bridge; both are demo and default but for certificates."""
    folder, form = tmp_path_factory.mktemp(program), FORM[program]
    addresses = loopback()
    callers = CALLERS.format(form=form, client=CLIENT, range=addresses)
    lines = [documented(program, form), address_line(program)]
    with ExitStack() as stack:
        server = stack.enter_context(running_server(configuration(folder, "", callers)))
        nodes = [(server.host, server.port)] * 2
        proxy = PROXIES[program](
            folder / "proxy",
            (f"{addresses}.1", PORT),
            nodes,
            changes=changes(program, folder / "proxy" / "ca.pem", *lines),
        )
        yield Front(stack.enter_context(proxy), addresses)


def test_a_caller_is_told_by_the_certificate_that_the_proxy_verified(front: Front) -> None:
    reply = front.ask()
    assert (reply.status, reply.tells(ANN)) == (200, True)


def test_without_a_certificate_nobody_calls(front: Front) -> None:
    assert front.ask(certificate=None).status == 403


@pytest.mark.parametrize("spelt", ["ClientCert", "clientcert"])
def test_a_certificate_that_a_client_passes_on_itself_does_not_count(
    front: Front, spelt: str
) -> None:
    good = (front.proxy.folder / "client.pem").read_text().replace("\n", "%0A")
    for said in (good, f"CN={CLIENT}"):
        assert front.ask((spelt, said), certificate=None).status == 403
        assert front.ask((spelt, said)).status == 200


def test_the_client_s_address_is_what_the_proxy_says(front: Front) -> None:
    assert front.ask(source=8).status == 403
    for header in ("ClientAddress", "X-Forwarded-For", "Client_Address"):
        assert front.ask((header, f"{front.range}.9"), source=8).status == 403


@pytest.fixture
def seen(program: str, tmp_path: Path) -> Iterator[tuple[Front, Backend]]:
    """A proxy that passes on subjects, before a server that keeps the headers."""
    addresses = loopback()
    lines = [documented(program, "subject"), address_line(program)]
    asks = changes(program, tmp_path / "proxy" / "ca.pem", *lines)
    with backend(f"{addresses}.2") as behind:
        nodes = [behind.address] * 2
        proxy = PROXIES[program](tmp_path / "proxy", (f"{addresses}.1", PORT), nodes, changes=asks)
        with proxy:
            yield Front(proxy, addresses), behind


def test_a_subject_is_passed_on_as_it_is_configured(seen: tuple[Front, Backend]) -> None:
    front, behind = seen
    assert front.ask().status == 200
    certificate = FORMS["subject"](behind.calls[0]["clientcert"])
    assert certificate is not None
    assert certificate.names == {name(f"CN={CLIENT}")}
    assert behind.calls[0]["clientaddress"] == f"{front.range}.9"


def test_no_header_with_underscores_passes(seen: tuple[Front, Backend]) -> None:
    front, behind = seen
    forged = [("X_Forwarded_For", "10.9.9.9"), ("Client_Cert", "10.9.9.9")]
    assert front.ask(*forged).status == 200
    assert "10.9.9.9" not in str(behind.calls)
