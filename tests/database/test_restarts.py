"""A server that goes away under load and comes back: what is lost, and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import DeadlineExceeded, Unavailable
from tests.database.shelf import SERVERS, Server, Shelf

pytestmark = SERVERS

CALL_SECONDS = 1.5
WRITERS = 2
READERS = 2


@dataclass(slots=True)
class Call:
    """One call of the load: when it began and ended, and why it failed, if it did."""

    thread: int
    began: float
    ended: float
    error: Unavailable | None


@dataclass(slots=True)
class Load:
    """Threads that write and read without a pause, and everything that they were told."""

    shelf: Shelf
    calls: list[Call] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    attempted: set[int] = field(default_factory=set)
    wrong: list[object] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self, thread: int) -> None:
        """Put one more item on the shelf, in a transaction of two statements."""
        number = 1_000_000 * thread + len(self.calls) + 10
        self.attempted.add(number)
        with self.shelf.database.connection(Deadline(CALL_SECONDS), write=True) as connection:
            connection.execute(
                text("INSERT INTO item VALUES (:number, 'begun')"), {"number": number}
            )
            connection.execute(
                text("UPDATE item SET name = :name WHERE number = :number"),
                {"name": f"item {number}", "number": number},
            )
        self.acknowledged.add(number)

    def read(self, thread: int) -> None:
        """Look at what never changes, and at something that was acknowledged before."""
        known = next(iter(self.acknowledged.copy()), 1)
        with self.shelf.database.connection(Deadline(CALL_SECONDS)) as connection:
            for number, name in ((1, "one"), (known, "one" if known == 1 else f"item {known}")):
                found = connection.execute(
                    text("SELECT number, name FROM item WHERE number = :number"),
                    {"number": number},
                ).all()
                if found != [(number, name)]:
                    self.wrong.append((number, found))

    def repeat(self, work: Callable[[int], None], thread: int) -> None:
        while not self.over.is_set():
            began, error = time.monotonic(), None
            try:
                work(thread)
            except Unavailable as caught:
                error = caught
                time.sleep(0.01)
            self.calls.append(Call(thread, began, time.monotonic(), error))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the block runs, so does the load. Raises what a thread was not prepared for."""
        failed: list[BaseException] = []

        def run(work: Callable[[int], None], thread: int) -> None:
            try:
                self.repeat(work, thread)
            except BaseException as error:
                failed.append(error)

        works = [self.write] * WRITERS + [self.read] * READERS
        threads = [
            threading.Thread(target=run, args=(work, number))
            for number, work in enumerate(works, start=1)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        if failed:
            raise failed[0]

    def so_many_succeed(self, count: int) -> None:
        """Wait for that many further calls that are answered."""
        before, ends = self.succeeded(), Deadline(20)
        while self.succeeded() < before + count:
            ends.left()
            time.sleep(0.01)

    def recoveries(self, back: float) -> list[float]:
        """For each thread, how long after that time it was answered first."""
        first: dict[int, float] = {}
        for call in self.calls:
            if call.error is None and call.ended > back:
                first[call.thread] = min(first.get(call.thread, call.ended), call.ended)
        assert len(first) == WRITERS + READERS
        return [ended - back for ended in first.values()]

    def succeeded(self) -> int:
        return sum(call.error is None for call in self.calls.copy())


@pytest.mark.parametrize("how", ["crash", "shutdown"])
def test_a_restart_under_load_loses_only_what_was_in_flight(
    server: Server, shelf: Shelf, how: str
) -> None:
    load = Load(shelf)
    with load.running():
        load.so_many_succeed(100)
        gone = time.monotonic()
        server.kill() if how == "crash" else server.shut_down()
        time.sleep(0.5)
        server.start()
        back = time.monotonic()
        load.so_many_succeed(100)

    errors = [call for call in load.calls if call.error is not None]
    assert not [call for call in errors if call.ended < gone]
    assert not [str(call.error) for call in errors if call.began > back]
    assert all(call.ended - call.began < CALL_SECONDS + 0.5 for call in load.calls)
    assert load.wrong == []

    on_the_shelf = everything(shelf)
    assert on_the_shelf.pop(1) == "one"
    assert load.acknowledged <= set(on_the_shelf) <= load.attempted
    assert all(name == f"item {number}" for number, name in on_the_shelf.items())
    assert len(set(on_the_shelf) - load.acknowledged) <= WRITERS  # committed, and never told

    assert len(errors) >= WRITERS + READERS
    assert max(load.recoveries(back)) < 1.0


def test_a_server_that_hangs_under_load_loses_only_what_was_in_flight(
    server: Server, shelf: Shelf
) -> None:
    load = Load(shelf)
    with load.running():
        load.so_many_succeed(50)
        with server.hanging():
            time.sleep(CALL_SECONDS + 0.5)
        back = time.monotonic()
        load.so_many_succeed(100)
    errors = [call for call in load.calls if call.error is not None]
    assert errors and all(isinstance(call.error, DeadlineExceeded) for call in errors)
    assert not [str(call.error) for call in errors if call.began > back]
    assert load.wrong == []
    assert load.acknowledged <= set(everything(shelf))


def everything(shelf: Shelf) -> dict[int, str]:
    with shelf.database.connection(Deadline(5)) as connection:
        rows = connection.execute(text("SELECT number, name FROM item"))
        return {row.number: row.name for row in rows}
