"""Runs pip and shows how far it is: `python requirements/install.py requirements/run.txt PIP…`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from pathlib import Path

_PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?==", re.MULTILINE)
_LINES_KEPT = 30
# Pip's words for a package that it downloads, has in a folder, or has installed already.
_FOUND = ("Collecting ", "Processing ", "Requirement already satisfied")


def main(requirements: Path, *pip: str) -> int:
    """Install the requirements and return pip's exit status; if it fails, print the end of what it said."""
    total = len(_PINNED.findall(requirements.read_text(encoding="utf-8")))
    command = (*pip, "install", "--disable-pip-version-check", "--require-hashes", "-r", str(requirements))
    said: deque[str] = deque(maxlen=_LINES_KEPT)
    done = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:  # noqa: S603 - the Makefile's pip
        for line in running.stdout or ():
            said.append(line)
            done += line.startswith(_FOUND)
            last = line.startswith("Installing collected packages")
            _show("unpacking …" if last else f"{min(done, total)} of {total} packages")
    _show("")
    if running.returncode:
        sys.stderr.writelines(said)
    return running.returncode


def _show(text: str) -> None:
    """Replace the line of progress, where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K  {text}" if text else "\r\033[K")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
