"""Everybody made known to Digital River: a stream of people, several calls at a time."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from .checkpoint import Checkpoint
from .client import ShopperClient
from .customers import Barred, Customer, Result, settle
from .errors import ShopperError

__all__ = ["provision"]

_IN_A_ROW: Final = 50
"""So many people without an answer one after the other are an outage."""
_WRITE_SECONDS: Final = 0.5

Settled = tuple[Customer, Result | BaseException]


def provision(
    client: ShopperClient,
    checkpoint: Checkpoint,
    batches: Iterable[Sequence[Customer | Barred]],
    *,
    workers: int,
    limit: int | None = None,
    dry_run: bool = False,
    told: Callable[[int], None] = lambda people: None,
) -> bool:
    """Settle everybody in `batches`, or the first `limit` who are not settled yet; whether
    everybody had their turn. `told` is called with how many more are done.

    Memory does not grow with the number of people. If it raises (the API is down, or refuses the
    credentials), or is killed, what was done is in the checkpoint."""
    run = _Run(client, checkpoint, workers, dry_run, told)
    left = limit
    try:
        for batch in batches:
            barred = [one for one in batch if isinstance(one, Barred)]
            checkpoint.bar(barred)
            customers = [one for one in batch if isinstance(one, Customer)]
            todo = checkpoint.begin(customers, left)
            if left is None:
                told(len(batch) - len(todo))
            else:
                left -= len(todo)
            for customer, doubtful in todo:
                run.add(customer, doubtful)
            if left == 0:
                break
        run.finish()
    finally:
        run.close()
    if left is None or left > 0:
        checkpoint.finish()
        return True
    return False


class _Run:
    """The workers, and what they have done and nobody has written down yet."""

    def __init__(
        self,
        client: ShopperClient,
        checkpoint: Checkpoint,
        workers: int,
        dry_run: bool,
        told: Callable[[int], None],
    ) -> None:
        self._client, self._checkpoint = client, checkpoint
        self._dry_run, self._told = dry_run, told
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="shopper")
        self._most = 4 * workers
        self._under_way = 0
        self._settled: queue.SimpleQueue[Settled] = queue.SimpleQueue()
        self._unwritten: list[tuple[Customer, Result]] = []
        self._written_at = time.monotonic()
        self._silent = 0

    def add(self, customer: Customer, doubtful: bool) -> None:
        """Have one settled; waits while there are many under way."""
        while self._under_way >= self._most:
            self._collect()
        self._under_way += 1
        self._pool.submit(self._work, customer, doubtful)

    def finish(self) -> None:
        """Wait for all that are under way."""
        while self._under_way:
            self._collect()

    def close(self) -> None:
        """Begin no more, wait for the calls under way, and write down what came of them."""
        self._pool.shutdown(cancel_futures=True)
        while not self._settled.empty():
            customer, result = self._settled.get()
            if isinstance(result, Result):
                self._unwritten.append((customer, result))
        self._write()

    def _work(self, customer: Customer, doubtful: bool) -> None:
        result: Result | BaseException
        try:
            result = settle(self._client, customer, doubtful=doubtful, dry_run=self._dry_run)
        except BaseException as error:  # it is raised again where it is collected
            result = error
        self._settled.put((customer, result))

    def _collect(self) -> None:
        customer, result = self._settled.get()
        self._under_way -= 1
        if isinstance(result, BaseException):
            raise result
        self._unwritten.append((customer, result))
        if time.monotonic() - self._written_at > _WRITE_SECONDS:
            self._write()
        self._told(1)
        self._silent = self._silent + 1 if result.outcome == "unresolved" else 0
        if self._silent == _IN_A_ROW:
            raise ShopperError(
                f"the Shopper API had no answer about {_IN_A_ROW} people in a row ({result.reason})"
            )

    def _write(self) -> None:
        self._checkpoint.end(self._unwritten)
        self._unwritten = []
        self._written_at = time.monotonic()
