"""Nothing that anybody sends makes the bot fail, hang or swell. `python -m tests.fuzz` tries it for longer."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from bot.listeners.signature_guard import well_formed
from bot.runtime.http.asgi import MEBIBYTE
from tests.fuzz.found import found
from tests.fuzz.stack import BUILDKITE, SLACK, Stack, standing
from tests.fuzz.targets import counted, targets
from webhooks.envelope import Malformed, envelope

NAMES = ["slack, signed", "buildkite, signed", "unproven", "the wire", "the grammar"]
EXAMPLES = 100


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole bot, for all that is thrown at it."""
    with standing(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_whatever_comes_is_answered(stack: Stack, name: str, record_property: Any) -> None:
    """Genuine requests gone wrong, bytes, odd headers, text: a 2xx to 4xx, a call or a mistake, in time."""
    target, counts = targets(stack)[name], Counter[object]()
    check = counted(target, counts)
    run = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    test = given(target.drawn)(check)
    for each in found(stack.team).get(name, []):
        test = example(each)(test)
    run(test)()
    assert counts.total() >= EXAMPLES / 2
    record_property("inputs", counts.total())


def test_every_target_is_tried(stack: Stack) -> None:
    """What the long form tries is tried here too."""
    assert list(targets(stack)) == NAMES


@pytest.mark.parametrize("path", [SLACK, BUILDKITE])
@pytest.mark.parametrize("said", [{}, {"content-length": b"10"}, {"transfer-encoding": b"chunked"}])
def test_a_body_without_an_end_takes_no_memory(stack: Stack, path: str, said: dict[str, bytes]) -> None:
    """Of 64 MiB, announced wrongly or not at all, little more than the cap is ever held; the answer is 413."""
    kind = {"content-type": b"application/json"}
    stack.asks(path, kind, b"{}")
    tracemalloc.start()
    try:
        status, taken = stack.pours(path, kind | said, b"x" * 65_536, 1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status == 413
    assert taken <= 17
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("door", [well_formed, envelope])
def test_depth_costs_nothing(door: Callable[..., object], opening: bytes) -> None:
    """A body of nothing but brackets, up to the cap, is refused like any other that is malformed."""
    body = opening * (MEBIBYTE // len(opening))
    with pytest.raises((ValueError, Malformed)):
        door(body, "application/json") if door is well_formed else door(body)
