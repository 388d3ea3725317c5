"""The rate: no second holds more calls than allowed, whoever sends them."""

from __future__ import annotations

import asyncio
import heapq
import random
import threading
import time

import pytest

from sso_bridge.shopper import Pace


def busiest(arrivals: list[float], seconds: float = 1.0) -> int:
    """The most arrivals in any stretch of `seconds` that is open at its beginning."""
    times = sorted(arrivals)
    return max(sum(1 for other in times if end - seconds < other <= end) for end in times)


@pytest.mark.parametrize("seed", range(20))
def test_no_second_holds_more_arrivals_however_long_calls_take(seed: int) -> None:
    dice = random.Random(seed)
    rate = dice.choice([1, 3, 10, 25])
    now = 0.0
    pace = Pace(rate, clock=lambda: now)
    arrivals: list[float] = []
    to_come = [(0.0, "try")] * 30
    while len(arrivals) < 200:
        now, what = heapq.heappop(to_come)
        if what == "answer":
            pace.done()
            heapq.heappush(to_come, (now, "try"))
        elif seconds := pace.ask():
            heapq.heappush(to_come, (now + seconds, "try"))
        else:
            latency = dice.choice([0.001, 0.02, 0.3, dice.uniform(0, 3)])
            arrivals.append(now + dice.uniform(0, latency))
            heapq.heappush(to_come, (now + latency, "answer"))
    assert busiest(arrivals) <= rate


@pytest.mark.parametrize(
    ("rate", "calls", "seconds"), [(0.5, 1, 2.0), (2.5, 2, 1.0), (10, 10, 1.0)]
)
def test_a_rate_that_is_no_whole_number_is_kept(rate: float, calls: int, seconds: float) -> None:
    now = [0.0]
    pace = Pace(rate, clock=lambda: now[0])
    for _ in range(calls):
        assert pace.ask() == 0.0
        pace.done()
    assert pace.ask() == seconds


def test_a_place_is_taken_until_a_second_after_the_answer() -> None:
    now = [0.0]
    pace = Pace(1, clock=lambda: now[0])
    assert pace.ask() == 0.0
    now[0] = 5.0
    assert pace.ask() == 1.0
    pace.done()
    now[0] = 5.5
    assert pace.ask() == 0.5
    now[0] = 6.0
    assert pace.ask() == 0.0


def test_a_pause_is_everybodys() -> None:
    now = [0.0]
    pace = Pace(100, clock=lambda: now[0])
    pace.pause(3.0)
    pace.pause(1.0)
    assert pace.ask() == 3.0
    now[0] = 3.0
    assert pace.ask() == 0.0


def test_threads_and_tasks_share_one_rate() -> None:
    pace = Pace(40)
    sent: list[float] = []

    def call() -> None:
        for _ in range(12):
            with pace.turn():
                sent.append(time.monotonic())
                time.sleep(0.002)

    async def task(line: asyncio.Lock) -> None:
        for _ in range(12):
            async with pace.async_turn(line):
                sent.append(time.monotonic())
                await asyncio.sleep(0.002)

    async def tasks() -> None:
        line = asyncio.Lock()
        await asyncio.gather(*(task(line) for _ in range(4)))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    assert len(sent) == 96
    assert busiest(sent) <= 40


def test_a_call_that_fails_gives_its_place_back() -> None:
    now = [0.0]
    pace = Pace(1, clock=lambda: now[0])
    with pytest.raises(OSError, match="gone"), pace.turn():
        raise OSError("gone")
    assert pace.ask() == 1.0
