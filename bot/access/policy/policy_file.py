"""The policy file, read at startup and again whenever it changes."""

from __future__ import annotations

from pathlib import Path

from bot.access.policy.decide import DEFAULT
from bot.access.policy.parse import InvalidPolicy, parse_policy
from bot.access.policy.rules import Rules
from bot.runtime import file_reload
from bot.runtime.clock import Clock
from bot.runtime.file_reload import ReloadedFile


class Policy:
    """The rules of the policy file, or the default ones without a file.

    The constructor raises InvalidPolicy if the file can't be read or has mistakes. If a later change breaks the
    file, the last good rules stay in force and the mistakes are logged once: a typo must not lock everyone out.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._file = ReloadedFile(path, clock, load_policy, "policy") if path else None

    def get_rules(self) -> Rules:
        """Return the current rules; checks the file every two seconds at most."""
        return self._file.value() if self._file else DEFAULT

    def get_groups(self) -> frozenset[str]:
        """Return the user groups that the rules name."""
        return self.get_rules().groups


def load_policy(path: Path) -> Rules:
    """Return the rules of a file. Raise InvalidPolicy."""
    return parse_policy(read_policy_text(path), path.name)[0]


def read_policy_text(path: Path) -> str:
    """Return the text of a policy file. Raise InvalidPolicy if it can't be read."""
    return file_reload.read_text(path, InvalidPolicy)
