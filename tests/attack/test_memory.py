"""What one call, and what many hostile calls, may take of the machine."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from string import ascii_letters

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from sso_bridge.errors import InvalidMessage
from sso_bridge.passwords.schemes import Limits, UnusableHash, read
from sso_bridge.soap.parsing import parse
from sso_bridge.web.body import read_body
from tests.running import RunningServer
from tests.services import children
from tests.survival.client import Connection, request
from tests.survival.messages import envelope, get_user

pytestmark = pytest.mark.xdist_group("attack")

ROOT = Path(__file__).parents[2]
LIMIT = 262_144
"""The default of server.max_body_bytes."""
DEAREST = (
    "$2b$31$" + "." * 53,
    "$argon2id$v=19$m=4194304,t=100,p=1$c29tZXNhbHQ$" + "A" * 43,
    "$6$rounds=999999999$salt$" + "A" * 86,
    "pbkdf2_sha256$999999999$abc$9Rh1iQB0/4A0g6Ir9MftT4gsmwEYARbaA9rZc9s4kmM=",
    "scrypt:1073741824:8:1$salt$" + "0" * 128,
    "$P$S12345678" + "A" * 22,
)
"""Hashes that would take minutes or gigabytes; whoever writes a row could store one."""
BODY = 250_000
"""Bytes of a message, a little less than are accepted."""


def memory() -> float:
    """What this process holds in memory, in megabytes."""
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * 4096 / 1e6


def invented() -> Iterator[str]:
    """Names that nobody has used before."""
    return ("".join(letters) for letters in product(ascii_letters, repeat=4))


NAMED: dict[str, Callable[[str], str]] = {
    "elements": lambda name: f"<{name}/>",
    "instructions": lambda name: f"<?{name}?>",
}


@pytest.mark.parametrize("ending", ["</a>", ""], ids=["whole", "cut off"])
@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
def test_names_that_a_sender_makes_up_are_forgotten(
    named: Callable[[str], str], ending: str
) -> None:
    """lxml keeps every name for as long as its thread lives."""
    grown: list[float] = []

    def read_many() -> None:
        names = invented()
        before = memory()
        for _ in range(30):
            pieces = map(named, islice(names, BODY // len(named("name"))))
            try:
                parse(f"<a>{''.join(pieces)}{ending}".encode(), "utf-8")
            except InvalidMessage:
                assert not ending
        grown.append(memory() - before)

    thread = threading.Thread(target=read_many)
    thread.start()
    thread.join()
    assert grown[0] < 12, f"{grown[0]:.0f} MB for {30 * BODY / 1e6:.0f} MB of messages"


def peak(body: bytes) -> float:
    """Megabytes that reading a message takes at its height, beside the message, in a process of its
    own: what others have freed before is not seen there."""
    code = (
        "import resource, sys, contextlib\n"
        "from tests.attack.reading import read\n"
        "from sso_bridge.errors import Rejected\n"
        "body = sys.stdin.buffer.read()\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000\n"
        "before = most()\n"
        "with contextlib.suppress(Rejected): read(body)\n"
        "print(most() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=body, capture_output=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


LARGEST = {
    "elements": "<a/>" * (BODY // 4),
    "nested elements": ("<a>" * 200 + "</a>" * 200) * (BODY // 1400),
    "attributes": "<a" + "".join(f" b{n}=''" for n in range(BODY // 10)) + "/>",
    "namespaces": "".join(f"<a xmlns='u{n}'/>" for n in range(BODY // 18)),
    "texts": "<a>b</a>" * (BODY // 8),
    "extended attributes": "<extendedAttributes>"
    + "<item><name>n</name><value>v</value></item>" * 1000
    + "</extendedAttributes>",
}


@pytest.mark.parametrize("more", LARGEST.values(), ids=LARGEST.keys())
def test_the_largest_message_takes_little_memory(more: str) -> None:
    body = envelope(get_user(more=more)).encode()
    assert len(body) <= LIMIT
    assert peak(body) < 25


def test_a_compressed_message_takes_no_more_than_one_that_is_not() -> None:
    bomb = zlib.compress(b" " * 200_000_000, 9)
    assert len(bomb) < LIMIT
    environ = {
        "wsgi.input": io.BytesIO(bomb),
        "CONTENT_LENGTH": str(len(bomb)),
        "HTTP_CONTENT_ENCODING": "deflate",
    }
    tracemalloc.start()
    try:
        with pytest.raises(RequestEntityTooLarge):
            read_body(environ, most=LIMIT, seconds=10)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_server_does_not_grow_with_what_strangers_send(server: RunningServer) -> None:
    """The names, the namespaces, the logins, the tokens, the headers: nothing is kept for long."""
    names = invented()

    def send(count: int) -> None:
        with Connection(server) as connection:
            for _ in range(count):
                more = "".join(f"<{name}/>" for name in islice(names, 30_000))
                login = f"{next(names)}@example.com"
                headers = {"Content-Type": f"text/xml; a={next(names)}", "X-Any": next(names)}
                connection.send(request(envelope(get_user(login, more)), headers=headers))
                assert connection.reply().status == 200

    send(10)
    before = resident(server)
    send(60)
    assert resident(server) - before < 20


def resident(server: RunningServer) -> float:
    """Megabytes that its workers hold."""
    pages = 0
    for process in children(server.process.pid):
        pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


@pytest.mark.parametrize("stored", DEAREST)
def test_a_stored_hash_above_the_limits_is_not_computed(stored: str) -> None:
    begun = time.thread_time()
    with pytest.raises(UnusableHash):
        read(stored, Limits())
    assert time.thread_time() - begun < 0.1
