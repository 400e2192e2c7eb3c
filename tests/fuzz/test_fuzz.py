"""No input makes the bot fail, hang or run out of memory; `python -m tests.fuzz` tries for longer."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given

from bot.listeners.signature_guard import check_well_formed
from bot.runtime.http.asgi import MEBIBYTE
from tests.fuzz.found import list_regressions
from tests.fuzz.stack import BUILDKITE, SLACK, Stack, run_stack
from tests.fuzz.targets import count_results, make_targets
from tests.sampling import many_examples
from webhooks.envelope import Malformed, read_envelope

NAMES = ["slack, signed", "buildkite, signed", "unsigned", "the wire", "the grammar"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the whole bot once for all make_targets."""
    with run_stack(tmp_path_factory.mktemp("fuzz")) as stack:
        yield stack


@pytest.mark.parametrize("name", NAMES)
def test_whatever_comes_is_answered(stack: Stack, name: str, record_property: Any) -> None:
    """Changed requests, random bytes, odd headers and text are answered in time, without a server error."""
    target, counts = make_targets(stack)[name], Counter[object]()
    check = count_results(target, counts)
    run = many_examples(100)
    test = given(target.inputs)(check)
    for each in list_regressions(stack.team).get(name, []):
        test = example(each)(test)
    run(test)()
    assert counts.total() >= run.max_examples / 2
    record_property("inputs", counts.total())


def test_every_target_is_tried(stack: Stack) -> None:
    """The short run tries every target of the long one."""
    assert list(make_targets(stack)) == NAMES


@pytest.mark.parametrize("path", [SLACK, BUILDKITE])
@pytest.mark.parametrize("headers", [{}, {"content-length": b"10"}, {"transfer-encoding": b"chunked"}])
def test_a_body_without_an_end_takes_no_memory(stack: Stack, path: str, headers: dict[str, bytes]) -> None:
    """A body of 64 MiB with a wrong or no length gets a 413, and little more than the limit is held in memory."""
    kind = {"content-type": b"application/json"}
    stack.send_request(path, kind, b"{}")
    tracemalloc.start()
    try:
        status, taken = stack.stream_body(path, kind | headers, b"x" * 65_536, 1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status == 413
    assert taken <= 17
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("parse", [check_well_formed, read_envelope])
def test_depth_costs_nothing(parse: Callable[..., object], opening: bytes) -> None:
    """A body of nothing but brackets, up to the size limit, is refused like any malformed body."""
    body = opening * (MEBIBYTE // len(opening))
    with pytest.raises((ValueError, Malformed)):
        parse(body, "application/json") if parse is check_well_formed else parse(body)
