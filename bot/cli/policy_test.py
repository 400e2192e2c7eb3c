"""`kitestring policy test`: checks a policy file against expectations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.access.policy.expectations import check_expectation, format_report
from bot.access.policy.parse import parse_expectations, parse_policy
from bot.access.policy.policy_file import read_policy_text
from commands import registry


def run_policy_test(file: Path, expected: Path | None, echo: Callable[[str], None], now: datetime) -> bool:
    """Print the policy's decision for each expectation; return whether all are as expected.

    Expectations come from `expected`, from the policy file itself, or from both. Raise InvalidPolicy.
    """
    rules, own = parse_policy(read_policy_text(file), file.name)
    written = parse_expectations(read_policy_text(expected), expected.name) if expected else ()
    operations = registry()
    results = [check_expectation(rules, expectation, operations, now) for expectation in (*own, *written)]
    echo(format_report(results) if results else f"{file.name} is valid, but has no expectations.")
    return all(result.is_met for result in results)
