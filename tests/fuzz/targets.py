"""What is thrown at the bot, and what must hold whatever it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.operation import Registry
from bot.operations.reply import Call
from commands import registry
from tests.fuzz import odd
from tests.fuzz.stack import BUILDKITE, SLACK, Stack

LONGEST_MESSAGE = 1000


class Target(NamedTuple):
    """What is drawn, and the check that takes it; the check gives a word to count by."""

    drawn: st.SearchStrategy[Any]
    check: Callable[[Any], object]


def no_failure(status: int) -> int:
    """Answered, and not by a failure of ours."""
    assert 200 <= status < 500, status
    return status


def understood(text: str, operations: Registry) -> Call | UsageError:
    """A call or a mistake; nothing else may come of it."""
    try:
        return parse(text, operations)
    except UsageError as mistake:
        return mistake


def targets(stack: Stack) -> dict[str, Target]:
    """Every target by name."""
    operations = registry()

    def slack(given: tuple[bytes, str]) -> int:
        body, media = given
        return no_failure(stack.asks(SLACK, stack.signed_by_slack(body) | {"content-type": media.encode()}, body))

    def buildkite(body: bytes) -> int:
        headers = stack.signed_by_buildkite(body) | {"content-type": odd.JSON.encode()}
        return no_failure(stack.asks(BUILDKITE, headers, body))

    def unproven(given: tuple[str, dict[str, bytes], bytes, str, str]) -> int:
        path, headers, body, method, media = given
        headers = {"content-type": media.encode()} | headers
        status = no_failure(stack.asks(path, headers, body, method))
        assert status >= 400 or path not in {SLACK, BUILDKITE}
        return status

    def wire(said: bytes) -> tuple[int, ...]:
        return tuple(sorted({no_failure(status) for status in stack.writes(said)}))

    def grammar(text: str) -> str:
        found = understood(text, operations)
        if isinstance(found, UsageError):
            assert 0 < len(found.message) < LONGEST_MESSAGE
            assert len(found.hint or "") < LONGEST_MESSAGE
        else:
            assert found.operation in operations
        return type(found).__name__

    paths = odd.PATHS
    return {
        "slack, signed": Target(odd.to_slacks_door(stack.team), slack),
        "buildkite, signed": Target(odd.to_buildkites_door(), buildkite),
        "unproven": Target(
            st.tuples(paths, odd.HEADERS, st.binary(max_size=200), odd.METHODS, odd.TYPES), unproven
        ),
        "the wire": Target(odd.WIRE, wire),
        "the grammar": Target(odd.TYPED, grammar),
    }


def counted(target: Target, counts: Counter[object]) -> Callable[[Any], None]:
    """The check, with what came of it counted."""

    def check(given: Any) -> None:
        counts[target.check(given)] += 1

    return check
