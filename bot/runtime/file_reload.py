"""A file that is read at the start, and again whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import structlog

from bot.runtime.clock import Clock
from bot.runtime.toml_file import InvalidFile

T = TypeVar("T")
CHECK_SECONDS = 2.0
log = structlog.stdlib.get_logger(__name__)


class _Stamp(NamedTuple):
    """What changes when a file is written or put in the place of another."""

    inode: int
    modified_ns: int
    size: int


class ReloadedFile(Generic[T]):
    """What `load` makes of a file; `what` names it in the log.

    Raises WrongFile when it is made and the file cannot be read or used. Later a wrong file changes nothing, and
    what is wrong is logged once.
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
        """What holds now; looks at the file every two seconds at most."""
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
            log.error(f"{self._label} file not used; all stays as it was", problems=error.problems)
        else:
            log.info(f"{self._label} file read again")


def read_text(path: Path, error_type: type[InvalidFile]) -> str:
    """What a file of ours says. Raises `wrong` when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise error_type((f"{path.name} is not there.",)) from None
    except UnicodeDecodeError:
        raise error_type((f"{path.name} is not UTF-8 text.",)) from None
    except OSError as error:
        raise error_type((f"{path.name} cannot be read: {error.strerror}.",)) from None


def _read_stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_mtime_ns, found.st_size)
