"""Fuzz make_targets: strategies for inputs, with the checks that must hold for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from bot.errors import UsageError
from bot.operations.grammar import parse
from bot.operations.registry import Registry
from bot.operations.reply import Call
from commands import registry
from tests.fuzz import odd
from tests.fuzz.stack import BUILDKITE, SLACK, Stack

LONGEST_MESSAGE = 1000


class Target(NamedTuple):
    """A strategy and the check of its inputs, which returns a key to count by."""

    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], object]


def check_status(status: int) -> int:
    """Assert that a status isn't a server error, and return it."""
    assert 200 <= status < 500, status
    return status


def parse_text(text: str, operations: Registry) -> Call | UsageError:
    """Parse a text into a call or a mistake; anything else is raised."""
    try:
        return parse(text, operations)
    except UsageError as mistake:
        return mistake


def make_targets(stack: Stack) -> dict[str, Target]:
    """Return every target by name."""
    operations = registry()

    def slack(given: tuple[bytes, str]) -> int:
        body, media = given
        return check_status(
            stack.send_request(SLACK, stack.signed_by_slack(body) | {"content-type": media.encode()}, body)
        )

    def buildkite(body: bytes) -> int:
        headers = stack.signed_by_buildkite(body) | {"content-type": odd.JSON.encode()}
        return check_status(stack.send_request(BUILDKITE, headers, body))

    def unsigned(given: tuple[str, dict[str, bytes], bytes, str, str]) -> int:
        path, headers, body, method, media = given
        headers = {"content-type": media.encode()} | headers
        status = check_status(stack.send_request(path, headers, body, method))
        assert status >= 400 or path not in {SLACK, BUILDKITE}
        return status

    def wire(payload: bytes) -> tuple[int, ...]:
        return tuple(sorted({check_status(status) for status in stack.write_raw(payload)}))

    def grammar(text: str) -> str:
        found = parse_text(text, operations)
        if isinstance(found, UsageError):
            assert 0 < len(found.message) < LONGEST_MESSAGE
            assert len(found.hint or "") < LONGEST_MESSAGE
        else:
            assert found.operation in operations
        return type(found).__name__

    paths = odd.PATHS
    return {
        "slack, signed": Target(odd.slack_requests(stack.team), slack),
        "buildkite, signed": Target(odd.buildkite_bodies(), buildkite),
        "unsigned": Target(
            st.tuples(paths, odd.HEADERS, st.binary(max_size=200), odd.METHODS, odd.TYPES), unsigned
        ),
        "the wire": Target(odd.WIRE, wire),
        "the grammar": Target(odd.TYPED, grammar),
    }


def count_results(target: Target, counts: Counter[object]) -> Callable[[Any], None]:
    """Wrap a target's check so that it counts its results."""

    def check(given: Any) -> None:
        counts[target.check(given)] += 1

    return check
