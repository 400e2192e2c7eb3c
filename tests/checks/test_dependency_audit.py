"""The audit of the pinned dependencies, with a stand-in for pip-audit that prints what the test gives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOUND = {"name": "httpx", "version": "0.28.1", "vulns": []}
SKIPPED = {"name": "left", "skip_reason": "Dependency not found on PyPI and could not be audited: left (1.0)"}
VULNERABLE = {
    "name": "starlette",
    "version": "0.1",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["0.2", "0.3"], "aliases": [], "description": "Reads\ntoo much."},
        {"id": "PYSEC-2", "fix_versions": [], "aliases": [], "description": "Waits forever."},
    ],
}


def run_audit(folder: Path, program: str, **environ: str) -> tuple[int, list[str]]:
    """Return the audit's exit status and lines, with this program in the place of pip-audit."""
    (folder / "pip_audit.py").write_text(program)
    result = subprocess.run(
        [sys.executable, ROOT / "requirements" / "audit.py"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    return result.returncode, result.stdout.splitlines()


def write_program(*packages: dict[str, Any]) -> str:
    """Return a pip-audit that reports these packages, and exits with 1 if one is vulnerable."""
    vulnerable = any(package.get("vulns") for package in packages)
    return f"print({json.dumps({'dependencies': packages, 'fixes': []})!r}); raise SystemExit({int(vulnerable)})"


def test_known_vulnerabilities_are_named_and_fail(tmp_path: Path) -> None:
    """Each is named with its package and the version that fixes it, and the check fails."""
    assert run_audit(tmp_path, write_program(SOUND, VULNERABLE)) == (
        1,
        [
            "Known vulnerability: starlette 0.1: PYSEC-1, fixed in 0.2, 0.3: Reads too much.",
            "Known vulnerability: starlette 0.1: PYSEC-2, not fixed yet: Waits forever.",
        ],
    )


def test_sound_dependencies_pass(tmp_path: Path) -> None:
    """One line says how many packages were audited, even if an audit is required."""
    assert run_audit(tmp_path, write_program(SOUND), AUDIT="required") == (
        0,
        ["No known vulnerabilities in 1 pinned packages."],
    )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ConnectionError('Name or service not known')", "ConnectionError: Name or service not known"),
        ("import sys; sys.exit('ERROR:pip_audit._cli:no answer')", "ERROR:pip_audit._cli:no answer"),
        (write_program(SKIPPED, SKIPPED), f"2 of 2 packages: {SKIPPED['skip_reason']}"),
        (write_program(SOUND, SKIPPED), f"1 of 2 packages: {SKIPPED['skip_reason']}"),
    ],
)
def test_an_audit_that_did_not_happen_says_why(tmp_path: Path, program: str, reason: str) -> None:
    """It's never taken for a clean one: one line says why, and it fails if an audit is required."""
    line = [f"Dependencies were not audited ({reason})"]
    assert run_audit(tmp_path, program) == (0, line)
    assert run_audit(tmp_path, program, AUDIT="required") == (1, line)
