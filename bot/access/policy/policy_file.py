"""The policy file: read at the start, and again whenever it has changed."""

from __future__ import annotations

from pathlib import Path

from bot.access.policy.decide import DEFAULT
from bot.access.policy.parse import InvalidPolicy, parse_policy
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
        self._file = ReloadedFile(path, clock, load_policy, "policy") if path else None

    def get_rules(self) -> Rules:
        """The rules that hold now; looks at the file every two seconds at most."""
        return self._file.value() if self._file else DEFAULT

    def get_groups(self) -> frozenset[str]:
        """The user groups that the rules name."""
        return self.get_rules().groups


def load_policy(path: Path) -> Rules:
    """The rules of a file. Raises WrongPolicy."""
    return parse_policy(read_policy_text(path), path.name)[0]


def read_policy_text(path: Path) -> str:
    """What a policy file says. Raises WrongPolicy when it cannot be read."""
    return file_reload.read_text(path, InvalidPolicy)
