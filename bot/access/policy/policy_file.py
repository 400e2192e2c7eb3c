"""The policy file, read at startup and again whenever it changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from bot.access.policy.decide import DEFAULT
from bot.access.policy.parse import InvalidPolicy, parse_policy
from bot.access.policy.rules import Rules
from bot.runtime import file_reload
from bot.runtime.clock import Clock
from bot.runtime.file_reload import ReloadedFile

# Someone who has just saved the file looks at the log now.
_WATCH_INTERVAL = timedelta(seconds=5)


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

    @property
    def is_from_file(self) -> bool:
        """Return whether the rules come from a file."""
        return self._file is not None

    def get_groups(self) -> frozenset[str]:
        """Return the user groups that the rules name."""
        return self.get_rules().groups


class PolicyWatch:
    """Checks the file now and then, so that a mistake in it is logged even if nobody asks for anything."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock

    async def tick(self) -> int:
        """Read the file if it has changed; return 0, because nothing follows from it."""
        self._policy.get_rules()
        return 0

    async def next_at(self) -> datetime:
        """Return when to check again."""
        return self._clock.now() + _WATCH_INTERVAL


def load_policy(path: Path) -> Rules:
    """Return the rules of a file. Raise InvalidPolicy."""
    return parse_policy(read_policy_text(path), path.name)[0]


def read_policy_text(path: Path) -> str:
    """Return the text of a policy file. Raise InvalidPolicy if it can't be read."""
    return file_reload.read_text(path, InvalidPolicy)
