"""`kitestring policy test`: a policy file tried against written expectations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.access.policy.expectations import report, tried
from bot.access.policy.parse import expectations, read
from bot.access.policy.policy_file import text_of
from commands import registry


def trial(file: Path, expected: Path | None, say: Callable[[str], None], now: datetime) -> bool:
    """Print what the policy says of each expectation; true when all of it is as expected.

    The expectations stand in `expected`, in the policy file itself, or in both. Raises WrongPolicy.
    """
    rules, own = read(text_of(file), file.name)
    written = expectations(text_of(expected), expected.name) if expected else ()
    known = registry()
    found = [tried(rules, item, known, now) for item in (*own, *written)]
    say(report(found) if found else f"{file.name} is a policy; nothing is expected of it.")
    return all(item.right for item in found)
