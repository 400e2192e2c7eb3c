"""Checks the pinned dependencies for known vulnerabilities; if it can't ask, it says so in one line.

Exits with status 1 if there is a vulnerability and, with AUDIT=required, also if it couldn't ask. Arguments go to
pip-audit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PINNED = Path(__file__).with_name("check.txt")
_OPTIONS = ("--requirement", str(PINNED), "--disable-pip", "--format", "json", "--progress-spinner", "off")


class Audit(NamedTuple):
    """The number of packages audited, the vulnerabilities found, and why some packages weren't audited."""

    audited: int
    vulnerabilities: tuple[str, ...] = ()
    gap: str = ""


def parse_output(out: str, err: str) -> Audit:
    """Read pip-audit's JSON, or the traceback or `ERROR:` line that it prints if its service doesn't answer."""
    try:
        packages = json.loads(out)["dependencies"]
    except ValueError:
        last = (err.strip().splitlines() or ["pip-audit printed nothing"])[-1]
        return Audit(0, gap=" ".join(last.split())[:300])
    audited = [package for package in packages if "skip_reason" not in package]
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    gap = f"{len(skipped)} of {len(packages)} packages: {skipped[0]}" if skipped else ""
    return Audit(len(audited), tuple(line for package in audited for line in _describe(package)), gap)


def _describe(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {vuln['id']}, {_describe_fix(vuln['fix_versions'])}: "
        f"{' '.join(vuln['description'].split())[:200]}"
        for vuln in package["vulns"]
    ]


def _describe_fix(versions: list[str]) -> str:
    return f"fixed in {', '.join(versions)}" if versions else "not fixed yet"


def render_lines(audit: Audit) -> list[str]:
    """Return the lines to print."""
    lines = [f"Known vulnerability: {vulnerability}" for vulnerability in audit.vulnerabilities]
    if audit.gap:
        lines.append(f"Dependencies were not audited ({audit.gap})")
    return lines or [f"No known vulnerabilities in {audit.audited} pinned packages."]


def main(arguments: list[str], required: bool) -> int:
    """Run pip-audit, print the result and return the exit status."""
    command = [sys.executable, "-m", "pip_audit", *_OPTIONS, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    audit = parse_output(result.stdout, result.stderr)
    print("\n".join(render_lines(audit)))
    return 1 if audit.vulnerabilities or (required and audit.gap) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], required=os.environ.get("AUDIT") == "required"))
