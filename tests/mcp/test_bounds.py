"""Results stay within the tokens that clients take, and cursors lead through all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.listeners.mcp.result_bounds import CURSOR, RESULT_BYTES, bound_result, measure
from tests.sampling import many_examples

CALL = {"operation": "build list", "args": {"pipeline": "web"}}
LIMIT = 2_000
TEXTS = st.text(max_size=60)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.text(min_size=400, max_size=4_000)),
    lambda inner: st.one_of(st.lists(inner, max_size=8), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=30,
)


def read_all(data: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Follow the cursor to the end, and return all pages."""
    pages: list[dict[str, Any]] = []
    cursor = ""
    while cursor or not pages:
        page = dict(bound_result(data, CALL, cursor, limit))
        cursor = page.pop(CURSOR, "")
        pages.append(page)
        assert len(pages) < 1_000
    return pages


@many_examples(300)
@given(st.dictionaries(TEXTS.filter(lambda name: name != CURSOR), VALUES, max_size=6))
def test_no_result_is_larger_than_allowed(data: dict[str, Any]) -> None:
    """Whatever an operation returns, each page fits, and the cursor ends."""
    cursor = ""
    for _page in range(1_000):
        page = bound_result(data, CALL, cursor, LIMIT)
        assert measure(page) <= LIMIT
        cursor = page.get(CURSOR, "")
        if not cursor:
            return
    raise AssertionError("the cursor never ends")


def test_a_long_list_is_read_page_by_page() -> None:
    """All entries come once, in their order, and what stands beside the list comes with each page."""
    builds = [{"number": number, "message": "Ship it " * 20} for number in range(2_000)]
    pages = read_all({"pipeline": "web", "builds": builds}, RESULT_BYTES)
    assert [build for page in pages for build in page["builds"]] == builds
    assert len(pages) > 3
    assert {page["pipeline"] for page in pages} == {"web"}


def test_a_long_log_is_cut_between_lines() -> None:
    """Pages of a log end with whole lines and add up to all of it."""
    log = "".join(f"line {number} of the log – done\n" for number in range(5_000))
    pages = read_all({"job": "Test", "log": log}, RESULT_BYTES)
    assert "".join(page["log"] for page in pages) == log
    assert all(page["log"].endswith("\n") for page in pages)


def test_a_cursor_belongs_to_its_call() -> None:
    """A cursor of another call, or a made-up one, is refused."""
    cursor = bound_result({"builds": ["x" * 100] * 100}, CALL, "", LIMIT)[CURSOR]
    for wrong in (cursor, "made-up", "W10"):
        with pytest.raises(UsageError, match="another call"):
            bound_result({}, {"operation": "build view"}, str(wrong), LIMIT)
