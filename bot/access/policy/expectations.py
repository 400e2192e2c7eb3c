"""Checks the expectations written for a policy: sample commands with the verdict that each should get."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.access.policy.decide import decide
from bot.access.policy.declared_target import read_target
from bot.access.policy.file_schema import ExpectTable
from bot.access.policy.rules import Allow, ApprovalRequirement, Rules, Verdict
from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.registry import Registry
from bot.operations.validation import validate
from bot.slack.types import Actor, Standing

_RESULT_NAMES: dict[type[Verdict], str] = {Allow: "allow", ApprovalRequirement: "ask"}


@dataclass(frozen=True)
class ExpectationResult:
    """An expectation with the actual result and the rule behind it."""

    expected: ExpectTable
    result: str
    rule: str

    @property
    def is_met(self) -> bool:
        """True if the result is as expected, and comes from the expected rule if the expectation names one."""
        same_result = self.expected.result == self.result
        return same_result and self.expected.rule in (None, self.rule)


def check_expectation(rules: Rules, expected: ExpectTable, registry: Registry, now: datetime) -> ExpectationResult:
    """Judge an expectation's command; one that can't be parsed gives the result `mistake`."""
    actor = _build_actor(expected)
    try:
        call = parse(expected.does, registry)
        op = registry[call.operation]
        target = read_target(validate(op, call.args))
    except UsageError as error:
        return ExpectationResult(expected, "mistake", error.message)
    known = target if target.branch else replace(target, branch=expected.branch)
    verdict = decide(rules, actor, op, known, expected.at or now)
    return ExpectationResult(expected, _RESULT_NAMES.get(type(verdict), "refuse"), verdict.rule)


def _build_actor(expected: ExpectTable) -> Actor:
    """Build the person with this id or handle; without a channel, they ask from one that no rule names."""
    name = expected.user.removeprefix("@")
    return Actor(
        id=name if name.isupper() else f"the id of {name}",
        name=name,
        team="",
        standing=Standing(expected.standing),
        channel=expected.channel or "",
        via="slash",
        groups=frozenset(expected.groups),
        handle=name.lower(),
    )


def format_report(results: Iterable[ExpectationResult]) -> str:
    """Format the results as a table with a summary line."""
    known = list(results)
    rows = [("", "who", "does", "expected", "got", "rule"), *map(_format_row, known)]
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    failed = sum(not result.is_met for result in known)
    return "\n".join([*lines, "", f"{len(known)} checked, {failed or 'none'} failed."])


def _format_row(checked: ExpectationResult) -> tuple[str, ...]:
    wanted = (
        f"{checked.expected.result} ({checked.expected.rule})"
        if checked.expected.rule
        else checked.expected.result
    )
    mark = "✓" if checked.is_met else "✗"
    return (mark, checked.expected.user, checked.expected.does, wanted, checked.result, checked.rule)
