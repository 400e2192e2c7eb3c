"""Reads a file at startup, and again whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import structlog

from bot.runtime.clock import Clock
from bot.runtime.toml_file import InvalidFile

T = TypeVar("T")
# How often the file is checked for a change: one stat(), so that an edit takes effect while the editor looks on.
CHECK_SECONDS = 2.0
log = structlog.stdlib.get_logger(__name__)


class _Stamp(NamedTuple):
    """The attributes of which at least one changes when a file is written to or replaced."""

    inode: int
    modified_ns: int
    size: int


class ReloadedFile(Generic[T]):
    """The value that `load` makes from a file; `label` names it in the log.

    The constructor raises InvalidFile if the file can't be read or used. An invalid file found later is logged
    once and the value stays as it was, so that a typo doesn't take the rules away from a running bot.
    """

    def __init__(self, path: Path, clock: Clock, load: Callable[[Path], T], label: str) -> None:
        self._path = path
        self._clock = clock
        self._load = load
        self._label = label
        self._checked_at = clock.monotonic()
        self._stamp = _read_stamp(path)
        self._value = load(path)

    def value(self) -> T:
        """Return the current value; checks the file for changes at most every two seconds."""
        if self._clock.monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = self._clock.monotonic()
            self._reload_if_changed()
        return self._value

    def _reload_if_changed(self) -> None:
        stamp = _read_stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._value = self._load(self._path)
        except InvalidFile as error:
            log.error(f"{self._label} file rejected; the previous version stays in force", problems=error.problems)
        else:
            log.info(f"{self._label} file reloaded")


def read_text(path: Path, error_type: type[InvalidFile]) -> str:
    """Return the file's text. Raise `error_type` if it can't be read."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise error_type((f"{path.name} doesn't exist.",)) from None
    except UnicodeDecodeError:
        raise error_type((f"{path.name} isn't UTF-8 text.",)) from None
    except OSError as error:
        raise error_type((f"{path.name} can't be read: {error.strerror}.",)) from None


def _read_stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_mtime_ns, found.st_size)
