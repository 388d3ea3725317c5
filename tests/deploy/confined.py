"""Run a command as the systemd unit confines it, as far as that can be done without systemd:

    python -m tests.deploy.confined UNIT FOLDER COMMAND…

no capabilities, no new ones, all files read-only but for FOLDER (root alone can do that), no
memory that is written and executed, no system call or kind of socket but those it allows."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["allowed_calls", "command", "read_unit"]

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_MDWE: Final = 65
_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050000 | errno.EPERM
_EQUAL: Final = 4


def read_unit(path: Path) -> dict[str, list[str]]:
    """The values of each key of [Service], in order."""
    found: dict[str, list[str]] = {}
    section = path.read_text(encoding="utf-8").partition("[Service]")[2].partition("\n[")[0]
    for line in section.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def allowed_calls(filters: Sequence[str]) -> set[str]:
    """The names of the system calls that these values of SystemCallFilter leave."""
    allowed: set[str] = set()
    for line in filters:
        names = {call for word in line.removeprefix("~").split() for call in _expanded(word)}
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


@cache
def _groups() -> dict[str, list[str]]:
    """What systemd's groups of system calls hold."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    groups: dict[str, list[str]] = {}
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        word = line.strip()
        if line.startswith("@"):
            here = groups.setdefault(word, [])
        elif word and not word.startswith("#") and groups:
            here.append(word)
    return groups


def _expanded(word: str) -> Iterator[str]:
    if not word.startswith("@"):
        yield word
        return
    for inner in _groups()[word]:
        yield from _expanded(inner)


class _Compare(ctypes.Structure):
    """`struct scmp_arg_cmp` of libseccomp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def _confine(unit: dict[str, list[str]]) -> None:
    """This process, and whatever it becomes."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_MDWE, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            sys.exit(f"prctl {option}: {os.strerror(ctypes.get_errno())}")
    seccomp: Any = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(_EPERM))
    calls = allowed_calls(unit["SystemCallFilter"])
    for name in calls - {"socket"}:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert seccomp.seccomp_rule_add_array(context, _ALLOW, number, 0, None) == 0
    number = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in " ".join(unit["RestrictAddressFamilies"]).split():
        only = _Compare(0, _EQUAL, int(getattr(socket, family)), 0)
        assert seccomp.seccomp_rule_add_array(context, _ALLOW, number, 1, ctypes.byref(only)) == 0
    assert seccomp.seccomp_load(context) == 0


def command(unit: Path, folder: Path, argv: Sequence[str]) -> list[str]:
    """What runs `argv` confined, with `folder` to write to; for root and for others."""
    inner = [sys.executable, "-m", "tests.deploy.confined", str(unit), *argv]
    if os.geteuid() != 0:
        return inner
    mounts = (
        'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro / '
        '&& exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"'
    )
    return ["unshare", "--mount", "sh", "-c", mounts, str(folder), *inner]


def main() -> None:
    """Confine this process and become the command."""
    unit, *argv = sys.argv[1:]
    _confine(read_unit(Path(unit)))
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
