"""Foreign SOAP clients send UsernameTokens to two nodes with one Redis."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import zeep
from lxml import etree
from zeep.plugins import HistoryPlugin
from zeep.wsse.username import UsernameToken

from sso_bridge import demo
from tests.running import RunningServer, running_server
from tests.services import Redis, give_up

pytestmark = pytest.mark.xdist_group("username_token")
SECRET: Final = "a secret of the token"
DEMO: Final = {"loginID": "demo@example.com"}
PHP: Final = """<?php
[$_, $wsdl, $user, $password] = $argv;
$wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
$wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
$type = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';
$nonce = random_bytes(16);
$created = gmdate('Y-m-d\\TH:i:s\\Z');
$digest = base64_encode(sha1($nonce . $created . $password, true));
$nonce = base64_encode($nonce);
$xml = "<w:Security xmlns:w='$wsse' xmlns:u='$wsu'><w:UsernameToken>"
    . "<w:Username>$user</w:Username><w:Password Type='$type#PasswordDigest'>$digest</w:Password>"
    . "<w:Nonce>$nonce</w:Nonce><u:Created>$created</u:Created></w:UsernameToken></w:Security>";
$client = new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$client->__setSoapHeaders(
    new SoapHeader($wsse, 'Security', new SoapVar($xml, XSD_ANYXML), true)
);
try {
    echo $client->GetUser(['userKey' => ['loginID' => 'demo@example.com']])->userInfo->firstName;
} catch (SoapFault $fault) {
    echo $fault->faultcode;
}
"""


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory, redis: Redis
) -> Iterator[tuple[RunningServer, RunningServer]]:
    config = demo.prepare(tmp_path_factory.mktemp("tokens"))
    url = redis.new_database()
    config.write_text(
        config.read_text()
        + f"""
[throttle]
storage = "redis"
url = "{url}"
key = "0123456789abcdef0123456789abcdef"
patience = 10.0

[callers.dr]
username_token = "digital river"
username_token_password = "{SECRET}"
"""
    )
    with running_server(config) as one, running_server(config) as other:
        yield one, other
        assert SECRET not in one.log_text() + other.log_text()
    redis.drop(url)


def client(server: RunningServer, port: int, password: str = SECRET, **more: Any) -> Any:
    token = UsernameToken("digital river", password, **more)
    history = HistoryPlugin()
    made = zeep.Client(f"{server.url}?wsdl", wsse=token, plugins=[history])
    (service,) = made.wsdl.services.values()
    return made.bind(service.name, list(service.ports)[port]), history


@pytest.mark.parametrize("port", [0, 1], ids=["soap11", "soap12"])
def test_zeep_is_known_by_its_digest_and_by_nothing_else(
    nodes: tuple[RunningServer, RunningServer], port: int
) -> None:
    calls, _ = client(nodes[0], port, use_digest=True)
    for _ in range(2):
        assert calls.GetUser(userKey=DEMO).userInfo.firstName == "Dana"
    for refused in (
        client(nodes[0], port, "wrong", use_digest=True),
        client(nodes[0], port),
    ):
        with pytest.raises(zeep.exceptions.Fault) as fault:
            refused[0].GetUser(userKey=DEMO)
        assert "could not be authenticated" in fault.value.message


def test_what_one_node_has_taken_the_other_does_not(
    nodes: tuple[RunningServer, RunningServer],
) -> None:
    calls, history = client(nodes[0], 0, use_digest=True)
    calls.GetUser(userKey=DEMO)
    body = etree.tostring(history.last_sent["envelope"])
    for node in nodes:
        request = urllib.request.Request(node.url, body, {"Content-Type": "text/xml"})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=20)
        assert b"wsse:FailedAuthentication" in error.value.read()


def test_php_is_known_by_its_digest(
    nodes: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    php = shutil.which("php")
    if php is None:
        give_up("no PHP on this machine; install it with: apt-get install php-cli php-soap")
    program = tmp_path / "client.php"
    program.write_text(PHP)

    def said(password: str) -> str:
        command = [php, str(program), f"{nodes[1].url}?wsdl", "digital river", password]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() or done.stderr

    assert said(SECRET) == "Dana"
    assert said("wrong").endswith("FailedAuthentication")
