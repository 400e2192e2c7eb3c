"""The policy file: read at the start, and again whenever it has changed."""

from __future__ import annotations

from pathlib import Path

from bot.access.policy.decide import DEFAULT
from bot.access.policy.parse import WrongPolicy, read
from bot.access.policy.rules import Rules
from bot.runtime import file_reload
from bot.runtime.clock import Clock
from bot.runtime.file_reload import ReloadedFile


class Policy:
    """The rules as the file has them; without a file the default ones.

    Raises WrongPolicy when it is made and the file cannot be read or used. Later a wrong file keeps the rules
    as they were, and what is wrong is logged once.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._file = ReloadedFile(path, clock, load, "policy") if path else None

    def rules(self) -> Rules:
        """The rules that hold now; looks at the file every two seconds at most."""
        return self._file.value() if self._file else DEFAULT

    def groups(self) -> frozenset[str]:
        """The user groups that the rules name."""
        return self.rules().groups


def load(path: Path) -> Rules:
    """The rules of a file. Raises WrongPolicy."""
    return read(text_of(path), path.name)[0]


def text_of(path: Path) -> str:
    """What a policy file says. Raises WrongPolicy when it cannot be read."""
    return file_reload.read_text(path, WrongPolicy)
