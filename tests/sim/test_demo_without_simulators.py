"""`kitestring demo` where Kitestring is installed without its simulators."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = ("bot", "commands", "webhooks")  # as in the Dockerfile


@pytest.mark.process
async def test_the_demo_says_that_the_simulators_are_missing(tmp_path: Path) -> None:
    """Without the simulators the demo ends with one sentence of help and status 2, not with a traceback."""
    for package in INSTALLED:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0"),
        cwd=tmp_path,
        env={"PATH": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, error = await demo.communicate()
    assert (demo.returncode, output) == (2, b"")
    assert error.decode() == (
        "The demo needs the `simulators` package, which isn't installed here."
        " Run `make demo` in a checkout of Kitestring's repository.\n"
    )
