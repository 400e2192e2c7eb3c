"""The audit of the pinned dependencies, with a stand-in for pip-audit that says what the test gives it."""

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
HOLED = {
    "name": "starlette",
    "version": "0.1",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["0.2", "0.3"], "aliases": [], "description": "Reads\ntoo much."},
        {"id": "PYSEC-2", "fix_versions": [], "aliases": [], "description": "Waits for ever."},
    ],
}


def audited(folder: Path, program: str, **environ: str) -> tuple[int, list[str]]:
    """The exit status and the lines of the audit, where pip-audit is this program."""
    (folder / "pip_audit.py").write_text(program)
    ran = subprocess.run(
        [sys.executable, ROOT / "requirements" / "audit.py"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout.splitlines()


def saying(*packages: dict[str, Any]) -> str:
    """A pip-audit that answers this of these packages; it ends with 1 where one has a hole."""
    holed = any(package.get("vulns") for package in packages)
    return f"print({json.dumps({'dependencies': packages, 'fixes': []})!r}); raise SystemExit({int(holed)})"


def test_known_vulnerabilities_are_named_and_fail(tmp_path: Path) -> None:
    """Each is named with its package and the version that mends it, and the check fails."""
    assert audited(tmp_path, saying(SOUND, HOLED)) == (
        1,
        [
            "Known vulnerability: starlette 0.1: PYSEC-1, mended in 0.2, 0.3: Reads too much.",
            "Known vulnerability: starlette 0.1: PYSEC-2, not mended yet: Waits for ever.",
        ],
    )


def test_sound_dependencies_pass(tmp_path: Path) -> None:
    """Nothing known: one line says of how many packages, even where an audit is required."""
    assert audited(tmp_path, saying(SOUND), AUDIT="required") == (
        0,
        ["No known vulnerability in 1 pinned packages."],
    )


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise ConnectionError('Name or service not known')", "ConnectionError: Name or service not known"),
        ("import sys; sys.exit('ERROR:pip_audit._cli:no answer')", "ERROR:pip_audit._cli:no answer"),
        (saying(SKIPPED, SKIPPED), f"2 of 2 packages: {SKIPPED['skip_reason']}"),
        (saying(SOUND, SKIPPED), f"1 of 2 packages: {SKIPPED['skip_reason']}"),
    ],
)
def test_nobody_to_ask_is_said_plainly(tmp_path: Path, program: str, why: str) -> None:
    """An audit that did not happen is never taken for a clean one: one line says why; required, it fails."""
    line = [f"Dependencies were not audited ({why})"]
    assert audited(tmp_path, program) == (0, line)
    assert audited(tmp_path, program, AUDIT="required") == (1, line)
