"""The policy file: read at the start, and again whenever it has changed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import structlog

from bot.clock import Clock
from bot.core.policy import DEFAULT, Rules
from bot.core.policy_text import WrongPolicy, read

log = structlog.stdlib.get_logger(__name__)
LOOK_SECONDS = 2.0


class _Stamp(NamedTuple):
    """What changes when a file is written or put in the place of another."""

    inode: int
    changed: int
    size: int


class Policy:
    """The rules as the file has them; without a file the default ones.

    Raises WrongPolicy when it is made and the file cannot be read or used. Later a wrong file keeps the rules
    as they were, and what is wrong is logged once.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._rules = DEFAULT
        self._looked_at = clock.monotonic()
        self._stamp: _Stamp | None = None
        if path is not None:
            self._stamp, self._rules = _stamp(path), load(path)

    def rules(self) -> Rules:
        """The rules that hold now; looks at the file every two seconds at most."""
        if self._path is not None and self._clock.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock.monotonic()
            self._look(self._path)
        return self._rules

    def groups(self) -> frozenset[str]:
        """The user groups that the rules name."""
        return self.rules().groups

    def _look(self, path: Path) -> None:
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._rules = load(path)
        except WrongPolicy as error:
            log.error("policy file not used; the rules stay as they were", problems=error.problems)
        else:
            log.info("policy file read again", grants=len(self._rules.grants))


def load(path: Path) -> Rules:
    """The rules of a file. Raises WrongPolicy."""
    return read(text_of(path), path.name)[0]


def text_of(path: Path) -> str:
    """What a file of ours says. Raises WrongPolicy when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise WrongPolicy((f"{path.name} is not there.",)) from None
    except UnicodeDecodeError:
        raise WrongPolicy((f"{path.name} is not UTF-8 text.",)) from None
    except OSError as error:
        raise WrongPolicy((f"{path.name} cannot be read: {error.strerror}.",)) from None


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_mtime_ns, found.st_size)
