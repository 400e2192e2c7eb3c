"""Asks whether a pinned dependency has a known vulnerability; says in one line when nobody could tell.

Exit status 1 where one has; where nobody could be asked only with AUDIT=required. Arguments go to pip-audit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PINNED = Path(__file__).with_name("check.txt")
_HOW = ("--requirement", str(PINNED), "--disable-pip", "--format", "json", "--progress-spinner", "off")


class Audit(NamedTuple):
    """How many packages were looked at, what is wrong with them, and why some, or all, were not looked at."""

    looked_at: int
    wrong: tuple[str, ...] = ()
    blind: str = ""


def read(out: str, err: str) -> Audit:
    """What pip-audit said: JSON, or a traceback or an `ERROR:` line where its service did not answer."""
    try:
        packages = json.loads(out)["dependencies"]
    except ValueError:
        last = (err.strip().splitlines() or ["it said nothing"])[-1]
        return Audit(0, blind=" ".join(last.split())[:300])
    looked_at = [package for package in packages if "skip_reason" not in package]
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    blind = f"{len(skipped)} of {len(packages)} packages: {skipped[0]}" if skipped else ""
    return Audit(len(looked_at), tuple(line for item in looked_at for line in _wrong(item)), blind)


def _wrong(package: dict[str, Any]) -> list[str]:
    name = f"{package['name']} {package['version']}"
    return [
        f"{name}: {vuln['id']}, {_mended(vuln['fix_versions'])}: {' '.join(vuln['description'].split())[:200]}"
        for vuln in package["vulns"]
    ]


def _mended(versions: list[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"


def lines(audit: Audit) -> list[str]:
    """What is printed."""
    said = [f"Known vulnerability: {item}" for item in audit.wrong]
    if audit.blind:
        said.append(f"Dependencies were not audited ({audit.blind})")
    return said or [f"No known vulnerability in {audit.looked_at} pinned packages."]


def main(arguments: list[str], required: bool) -> int:
    """Run pip-audit and tell; gives the exit status."""
    command = [sys.executable, "-m", "pip_audit", *_HOW, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    audit = read(ran.stdout, ran.stderr)
    print("\n".join(lines(audit)))
    return 1 if audit.wrong or (required and audit.blind) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], required=os.environ.get("AUDIT") == "required"))
