"""Every target under the fuzzer, one after another: `python -m tests.attack.fuzz --seconds 3600`.

Prints a line for each and exits with 1 if one broke a promise, ran for more than a few seconds or
took too much memory; what it was given is then kept in `--findings`. `make fuzz SECONDS=3600` is
the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from .targets import EVERYTHING, TARGETS, Target

LONGEST_SECONDS: Final = 10
"""Of one input; a pattern that backtracks for ever, say."""
MOST_MEMORY_MB: Final = 1500
LONGEST_INPUT: Final = 4096

WORDS: Final = (
    *("<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!DOCTYPE", "<!ENTITY", "&amp;", "&#0;"),
    *("xmlns", "xmlns:", "xsi:nil", "href", "encoding", "UTF-16", "UTF-7", "mustUnderstand"),
    *("Envelope", "Body", "Header", "LoginRequest", "userKey", "loginID", "password"),
    *("charset=", "Basic ", "$2b$04$", "$argon2id$v=19$m=8,t=1,p=1$", "$5$rounds=", "{SSHA}"),
    *("pbkdf2_sha256$", "alg", "none", "HS256", "b64", "crit", "zip", "DEF", "sub", "exp"),
)
"""What a mutation may insert."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target; `finding` is what broke, "" if nothing did."""

    runs: int
    branches: int
    seconds: float
    finding: str


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="In all, shared by the targets.")
@click.option("--target", "names", multiple=True, type=click.Choice([*TARGETS]))
@click.option("--findings", default="fuzz-findings", show_default=True, help="Folder for them.")
@click.option("--seed", default=0, show_default=True, help="Of the fuzzer; 0 is another each time.")
def main(seconds: float, names: tuple[str, ...], findings: str, seed: int) -> None:
    """Fuzz every target, or those that are named."""
    chosen = names or tuple(TARGETS)
    share = max(seconds / len(chosen), 1.0)
    click.echo(f"{'target':10} {'seconds':>8} {'inputs':>12} {'branches':>9}  found")
    broken = False
    for name in chosen:
        result = fuzzed(name, share, Path(findings).resolve(), seed)
        broken = broken or bool(result.finding)
        click.echo(
            f"{name:10} {result.seconds:8.0f} {result.runs:12,} {result.branches:9,}"
            f"  {result.finding or 'nothing'}"
        )
    sys.exit(1 if broken else 0)


def fuzzed(name: str, seconds: float, findings: Path, seed: int = 0) -> Result:
    """Run one target, or "everything", in a process of its own for so many seconds."""
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sso-bridge-corpus-") as scratch:
        options = _prepared(Path(scratch), TARGETS.get(name, EVERYTHING))
        begun = time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.attack.fuzz.one", name, *options),
                *(f"-max_total_time={max(round(seconds), 1)}", f"-max_len={LONGEST_INPUT}"),
                *(f"-timeout={LONGEST_SECONDS}", f"-rss_limit_mb={MOST_MEMORY_MB}"),
                *(f"-artifact_prefix={findings}/{name}-", f"-seed={seed}"),
                "-print_final_stats=1",
            ],
            capture_output=True,
            text=True,
            errors="replace",
        )
        took = time.monotonic() - begun
    said = done.stderr + done.stdout
    return Result(
        runs=_last(r"stat::number_of_executed_units:\s*(\d+)", said) or _last(r"#(\d+)\s", said),
        branches=_last(r"\bcov: (\d+)", said),
        seconds=took,
        finding="" if done.returncode == 0 else _finding(said),
    )


def _prepared(scratch: Path, target: Target) -> list[str]:
    """The options for a corpus of the seeds, and for the dictionary."""
    corpus = scratch / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds()):
        (corpus / f"{number:04}").write_bytes(seed)
    if target.spells:
        return [str(corpus)]
    words = scratch / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    return [str(corpus), f"-dict={words}"]


def _last(pattern: str, said: str) -> int:
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0


def _finding(said: str) -> str:
    """What broke and the file that breaks it, or the end of what was said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    kept = [line.rpartition(" ")[2] for line in lines if "Test unit written to" in line]
    why = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Rejected)\b|ERROR: ", line)]
    told = why[0] if why else " / ".join(lines[-3:])
    return f"{told[:200]} {' '.join(kept)}".strip()


if __name__ == "__main__":
    main()
