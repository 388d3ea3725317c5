"""One call to the real server: what is asked, and what comes back, if anything."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from select import select
from typing import Final, Literal

from tests.nodes.asking import REFUSALS, judged, message

__all__ = ["Answer", "Client", "Kind", "Question"]

PATH: Final = "/RemoteUserManagement"
HEADERS: Final = {"Content-Type": "text/xml; charset=utf-8"}

Kind = Literal["good", "wrong", "fault", "cut", "refused", "hung"]
"""Of an answer: true; untrue, or not one that SOAP knows; a Fault that says that it is the
service's; the connection ended before it was there, or could not be made; nothing came."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about whom; operations are those of `tests.nodes.asking.message`."""

    operation: str
    source: str
    login: str
    is_first: bool = False
    """Whether nobody asked for this person before, so that the ledger has to be written."""

    @property
    def who(self) -> tuple[str, str]:
        """The person."""
        return self.source, self.login

    def __str__(self) -> str:
        truth = REFUSALS.get(self.operation, "a person")
        return f"{self.operation} {self.source}/{self.login} ({truth})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question; moments are of the monotonic clock.

    `erid` is that of a person who was named; `said` is what a Fault or an offence says."""

    question: Question
    kind: Kind
    began: float
    ended: float
    erid: str | None = None
    said: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began

    def __str__(self) -> str:
        return f"{self.question}: {self.kind} after {self.seconds:.2f} s, {self.said}"


class Client:
    """Asks a server on `port` of this machine. One that `stays` keeps its connection for the next
    call, as a proxy does; one that does not makes a connection for each."""

    def __init__(self, port: int, patience: float, *, stays: bool) -> None:
        self._stays = stays
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)

    def ask(self, question: Question) -> Answer:
        """The answer, whatever it is."""
        began = time.monotonic()
        kind, erid, said = self._outcome(question)
        if kind in ("cut", "refused", "hung") or not self._stays:
            self._connection.close()
        return Answer(question, kind, began, time.monotonic(), erid, said)

    def _outcome(self, question: Question) -> tuple[Kind, str | None, str]:
        connection = self._connection
        if connection.sock is not None and select([connection.sock], [], [], 0)[0]:
            connection.close()  # the server has ended it meanwhile, as it may
        try:
            if connection.sock is None:
                connection.connect()
        except TimeoutError:
            return "hung", None, "no connection was made"
        except OSError as error:
            return "refused", None, type(error).__name__
        try:
            body = message(question.operation, *question.who)
            connection.request("POST", PATH, body, HEADERS)
            response = connection.getresponse()
            return _told(question, response.status, response.read())
        except TimeoutError:
            return "hung", None, "no answer came"
        except (OSError, http.client.HTTPException) as error:
            return "cut", None, type(error).__name__


def _told(question: Question, status: int, body: bytes) -> tuple[Kind, str | None, str]:
    """The kind of an answer, the ERID of the person it names, and what is said of it."""
    outcome = judged(question.operation, *question.who, None, status, body)
    if outcome.failed is not None:
        is_fault = status == 500 and outcome.failed.startswith("Fault")
        return "fault" if is_fault else "wrong", None, f"{status} {outcome.failed}"
    if outcome.wrong is not None:
        return "wrong", outcome.erid, outcome.wrong
    return "good", outcome.erid, ""
