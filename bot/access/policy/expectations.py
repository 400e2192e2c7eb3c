"""Written expectations of a policy, tried: what it says of somebody who does something somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.access.policy.decide import decide
from bot.access.policy.file_schema import ExpectTable
from bot.access.policy.rules import Allow, Ask, Rules, Target, Verdict
from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.operation import Registry
from bot.operations.validation import validate
from bot.slack.types import Actor, Standing

_RESULTS: dict[type[Verdict], str] = {Allow: "allow", Ask: "ask"}


@dataclass(frozen=True)
class Tried:
    """An expectation, what came instead or as expected, and the rule that said so."""

    expected: ExpectTable
    result: str
    rule: str

    @property
    def right(self) -> bool:
        """It is as it was expected."""
        same = self.expected.result == self.result
        return same and self.expected.rule in (None, self.rule)


def tried(rules: Rules, expected: ExpectTable, registry: Registry, now: datetime) -> Tried:
    """Judge one; a command that cannot be read gives the result `mistake`."""
    actor = _actor(expected)
    try:
        call = parse(expected.does, registry)
        op = registry[call.operation]
        args: dict[str, Any] = validate(op, call.args).model_dump(include={"pipeline", "branch", "commit", "env"})
    except UsageError as error:
        return Tried(expected, "mistake", error.message)
    branch = args.get("branch") if isinstance(args.get("branch"), str) else expected.branch
    target = Target(args.get("pipeline"), branch, args.get("commit"), bool(args.get("env")))
    verdict = decide(rules, actor, op, target, expected.at or now)
    return Tried(expected, _RESULTS.get(type(verdict), "refuse"), verdict.rule)


def _actor(expected: ExpectTable) -> Actor:
    """Somebody by id or handle; without a channel they ask where no rule names the channel."""
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


def report(found: Iterable[Tried]) -> str:
    """A table of the results, and a line that counts them."""
    known = list(found)
    rows = [("", "who", "does", "expected", "got", "rule"), *map(_row, known)]
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    wrong = sum(not item.right for item in known)
    return "\n".join([*lines, "", f"{len(known)} tried, {wrong or 'none'} different."])


def _row(item: Tried) -> tuple[str, ...]:
    wanted = f"{item.expected.result} ({item.expected.rule})" if item.expected.rule else item.expected.result
    mark = "✓" if item.right else "✗"
    return (mark, item.expected.user, item.expected.does, wanted, item.result, item.rule)
