"""One target under the fuzzer, in this process: `python -m tests.attack.fuzz.one TARGET OPTIONS`.

A name that is none stands for all targets at once. Everything behind it goes to libFuzzer: a corpus
folder, `-max_total_time=60`, or a file that was found, which is then run once. Coverage is of the
package alone."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import atheris


def main() -> None:
    """Fuzz until told to stop; exits with libFuzzer's status."""
    with atheris.instrument_imports(include=["sso_bridge"]):
        from .targets import EVERYTHING, TARGETS
    logging.disable(logging.CRITICAL)
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="sso-bridge-fuzz-") as folder:
        target = TARGETS.get(name, EVERYTHING)
        atheris.Setup(sys.argv, target.prepare(Path(folder)))
        atheris.Fuzz()


main()
