"""The SOAP stacks, and a way to make any call with each.

A stack's program is the client of docs/clients.md with one line added at its end, which hands it to
a driver in `programs/`: that reads calls from standard input and writes answers to standard output,
a line each, as tab-separated `path=value` with the value percent-encoded. A value that was a string
to the stack is marked `s:`, a boolean `b:`, so that a "false" that is true does not pass."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote, unquote

from tests.interop import pages
from tests.services import give_up

__all__ = ["STACKS", "VERSIONS", "Answer", "Fault", "Program", "Stack"]

HERE: Final = Path(__file__).parent
PROGRAMS: Final = HERE / "programs"
CACHE: Final = HERE.parents[1] / "build" / "interop"
VERSIONS: Final = ("1.1", "1.2")
ANSWER_SECONDS: Final = 60.0
BUILD_SECONDS: Final = 120.0
Answer = dict[str, str | bool]
"""What a stack made of an answer: a value by its path, such as `userInfo.userKey.loginID`. What the
stack calls null, None or undefined is not in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a stack made of a Fault; `code` is without its prefix."""

    code: str
    text: str


class Program:
    """A client that runs, until the end of the `with` block. `shown` is what the documented part of
    it printed."""

    def __init__(self, name: str, command: list[str], folder: Path, **environment: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                env={**os.environ, **environment},
            )
        self.shown = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, operation: str, **arguments: Any) -> Answer:
        """The answer to an operation; a call that is answered with a Fault fails the test."""
        reply = self._ask(operation, arguments)
        assert isinstance(reply, dict), reply
        return reply

    def fault(self, operation: str, **arguments: Any) -> Fault:
        """The Fault that an operation is answered with; an ordinary answer fails the test."""
        reply = self._ask(operation, arguments)
        assert isinstance(reply, Fault), reply
        return reply

    def _ask(self, operation: str, arguments: Mapping[str, Any]) -> Answer | Fault:
        fields = [f"{path}={quote(value)}" for path, value in _flat(arguments, "")]
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join([operation, *fields]) + "\n")
        self._process.stdin.flush()
        kind, *told = self._read().split("\t")
        values = dict(_value(field) for field in told)
        if kind == "answer":
            return values
        assert kind == "fault", (self.name, values)
        return Fault(str(values["code"]).rpartition(":")[2], str(values["text"]))

    def _read(self) -> str:
        """The next line; a program that ends, or says nothing for long, fails the test."""
        assert self._process.stdout is not None
        impatient = threading.Timer(ANSWER_SECONDS, self._process.kill)
        impatient.start()
        line = self._process.stdout.readline()
        impatient.cancel()
        assert line, f"{self.name} ended:\n{self._log.read_text(encoding='utf-8')}"
        return line.rstrip("\n")


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
        return
    for name, child in enumerate(value) if isinstance(value, list) else value.items():
        yield from _flat(child, f"{path}.{name}" if path else str(name))


def _value(field: str) -> tuple[str, str | bool]:
    path, _, value = field.partition("=")
    kind, _, text = value.partition(":")
    assert kind in ("s", "b"), field
    return path, (text == "true" if kind == "b" else unquote(text))


class Stack(ABC):
    """A SOAP stack whose clients are made in a folder once, from the WSDL at `url`.

    Skips or fails the test that makes it where the stack is not installed, see `give_up`."""

    name: ClassVar[str]
    shows: ClassVar[str] = "true Dana"
    """What the client of the page prints for the demo's user."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.build(url)

    @abstractmethod
    def build(self, url: str) -> None:
        """Write the clients of both versions into the folder."""

    @abstractmethod
    def start(self, url: str, version: str) -> Program:
        """The client of that version for the server at `url`, which need not be the same."""

    def _title(self, version: str) -> str:
        return f"{self.name}-{version}"


class Zeep(Stack):
    """zeep, in Python."""

    name = "zeep"
    shows = "True Dana"

    def build(self, url: str) -> None:
        more = "\nfrom zeep_driver import serve\n\nserve(calls)\n"
        _both(self.folder, "python", "zeep", "client-{}.py", more)

    def start(self, url: str, version: str) -> Program:
        command = [sys.executable, f"client-{version}.py", url]
        return Program(self._title(version), command, self.folder, PYTHONPATH=str(PROGRAMS))


class Node(Stack):
    """`soap`, for Node.js. Its packages are kept from one run of the tests to the next."""

    name = "node"

    def build(self, url: str) -> None:
        self._node = _program("node", "nodejs")
        (self.folder / "node_modules").symlink_to(self._packages() / "node_modules")
        shutil.copy(PROGRAMS / "driver.mjs", self.folder)
        more = '\nimport { serve } from "./driver.mjs";\nawait serve(client);\n'
        _both(self.folder, "javascript", "soap", "client-{}.mjs", more)

    def start(self, url: str, version: str) -> Program:
        return Program(
            self._title(version), [self._node, f"client-{version}.mjs", url], self.folder
        )

    def _packages(self) -> Path:
        """The folder with the packages that the lock file names."""
        lock = (HERE / "node" / "package-lock.json").read_bytes()
        kept = CACHE / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
        if kept.exists():
            return kept
        npm = _program("npm", "npm")
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, fresh)
        done = _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], fresh)
        if done.returncode != 0:
            shutil.rmtree(fresh)
            give_up(f"npm cannot install the packages of the lock file:\n{done.stderr}")
        try:
            fresh.rename(kept)
        except OSError:  # another process of the tests was quicker
            shutil.rmtree(fresh)
        return kept


class Php(Stack):
    """PHP's SoapClient."""

    name = "php"

    def build(self, url: str) -> None:
        self._php = _program("php", "php-cli")
        modules = subprocess.run([self._php, "-m"], capture_output=True, text=True, check=True)
        if "soap" not in modules.stdout.split():
            give_up("PHP has no SoapClient: install php-soap")
        more = f"\nrequire '{PROGRAMS}/driver.php';\nserve($client);\n"
        _both(self.folder, "php", "SoapClient", "client-{}.php", more)

    def start(self, url: str, version: str) -> Program:
        settings = ["-d", "soap.wsdl_cache_enabled=0", "-d", "display_errors=stderr"]
        command = [self._php, *settings, f"client-{version}.php", url]
        return Program(self._title(version), command, self.folder)


class Java(Stack):
    """JAX-WS, generated and compiled with the lines of the page."""

    name = "java"

    def build(self, url: str) -> None:
        for program, package in (("wsimport", "jaxws"), ("javac", "default-jdk-headless")):
            _program(program, package)
        (self.folder / "bindings.xml").write_text(pages.bindings(), encoding="utf-8")
        shutil.copy(PROGRAMS / "Driver.java", self.folder)
        for name, text in (
            ("Client", pages.program("java")),
            ("Client12", pages.soap12("java", "JAX-WS").replace("class Client", "class Client12")),
        ):
            body, end = text[: -len(_JAVA_END)], text[-len(_JAVA_END) :]
            assert end == _JAVA_END
            with_driver = f"{body}        Driver.serve(port);\n{end}"
            (self.folder / f"{name}.java").write_text(with_driver, encoding="utf-8")
        wsimport, javac, self._java = pages.commands()
        for line in (wsimport, javac):
            done = _run(["sh", "-c", line], self.folder, URL=url, JAVA_TOOL_OPTIONS=_QUICK)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    def start(self, url: str, version: str) -> Program:
        line = self._java.replace(" Client ", " Client12 ") if version == "1.2" else self._java
        command = ["sh", "-c", f"exec {line}"]
        return Program(
            self._title(version), command, self.folder, URL=url, JAVA_TOOL_OPTIONS=_QUICK
        )


STACKS: Final[dict[str, type[Stack]]] = {s.name: s for s in (Zeep, Node, Php, Java)}
_JAVA_END: Final = "    }\n}\n"
_QUICK: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a JVM that lives a few seconds."""


def _both(folder: Path, language: str, stack: str, name: str, more: str) -> None:
    """Write the client for each version of SOAP, with `more` at its end."""
    texts = (pages.program(language), pages.soap12(language, stack))
    for version, text in zip(VERSIONS, texts, strict=True):
        (folder / name.format(version)).write_text(text + more, encoding="utf-8")


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        give_up(f"{name} is not installed: install {package}")
    return found


def _run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=BUILD_SECONDS,
        check=False,
    )
