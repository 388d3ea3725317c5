"""Known vulnerabilities of what a deployment installs: `python -m tests.attack.advisories`

Asks PyPI about each package of deploy/constraints.txt. Exits with 1 if one is vulnerable, and with
3 if not all could be asked about: without the network nothing is known, and nothing is said to be
good. The test of the file itself, and `pip check`, need no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

CONSTRAINTS: Final = Path(__file__).parents[2] / "deploy" / "constraints.txt"
NOT_KNOWN: Final = 3


def main() -> int:
    """What the process exits with."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS)),
            *("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"),
        ],
        capture_output=True,
        text=True,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"not audited: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return NOT_KNOWN
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for one in package["vulns"]:
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {one['id']}, mended in {fixed}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    print(f"{len(packages) - len(skipped)} of {len(packages)} packages audited")
    if vulnerable:
        return 1
    return NOT_KNOWN if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
