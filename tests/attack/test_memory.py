"""What one call, and what many hostile calls, may take of the machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import islice, product
from string import ascii_letters

import pytest

from sso_bridge.errors import InvalidMessage
from sso_bridge.soap.parsing import parse

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
    "attributes": lambda name: f'<a {name}=""/>',
    "namespaces": lambda name: f'<a xmlns="{name}"/>',
    "prefixes": lambda name: f'<a xmlns:{name}="u"/>',
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
