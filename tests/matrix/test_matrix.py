"""Every operation, for every kind of person, by every way of asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.operations.operation import Effect
from commands import registry
from tests.matrix import filling, pressing
from tests.matrix.cast import PRODUCTION, SHOP, open_cast
from tests.matrix.playing import Play
from tests.matrix.scenes import SCENES
from tests.matrix.table import (
    PRIVATE_BUTTONS,
    PUBLIC_BUTTONS,
    find_forms,
    make_default_table,
    make_production_table,
    make_shop_table,
)
from tests.sampling import Sample

WITHOUT, WITH = "without a policy", "with a policy"


@pytest.fixture(params=[WITHOUT, WITH])
async def play(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Play]:
    """A world without a policy file, and one with grants, groups and a protection."""
    policy = request.param == WITH
    operations = registry()
    tables = (
        {SHOP: make_shop_table(operations), PRODUCTION: make_production_table(operations)}
        if policy
        else {SHOP: make_default_table(operations)}
    )
    async with open_cast(tmp_path, policy=policy) as cast:
        yield Play(cast, tables)


def test_every_change_names_its_requests() -> None:
    """The scene of an operation that changes something in Buildkite says by which requests."""
    changes = {op.name for op in registry() if op.effect is Effect.CHANGES_BUILDKITE}
    assert {name for name in changes if not SCENES[name].writes} == set()


@pytest.mark.parametrize("via", ["slash", "mention"])
async def test_typed_requests(play: Play, via: str, sample: Sample) -> None:
    """Each of them gets by typing what the table says; the same request again has no second effect."""
    typed = [op.name for op in registry() if not op.form_only_message]
    await play.type_all(via, sample(typed, keep=6), repeated=(via == "slash") is play.cast.policy)
    assert play.score.wrong == []


async def test_pressed_buttons(play: Play, sample: Sample) -> None:
    """Public buttons are judged by who presses them; private ones work only for their owner."""
    public = {
        name: source
        for name, source in PUBLIC_BUTTONS.items()
        if play.cast.policy or not name.startswith("proposal ")
    }
    pressed_public, pressed_private = choose(public, sample, 4), choose(PRIVATE_BUTTONS, sample, 4)
    await pressing.press_public_buttons(play, pressed_public)
    await pressing.press_private_buttons(play, pressed_private, SHOP)
    assert play.score.wrong == []
    offered = await pressing.list_offered_operations(play.cast)
    expected = {*public, *PRIVATE_BUTTONS, "job unblock"}
    if len(pressed_public) == len(public):
        assert offered == expected
    assert offered <= expected


async def test_submitted_forms(play: Play, sample: Sample) -> None:
    """A form opens where something may come of it, and is judged when it is sent, by the one it was opened for."""
    forms = choose(find_forms(registry()), sample, 4)
    await filling.fill_forms(play, forms)
    await filling.forge_forms(play, forms, SHOP)
    assert play.score.wrong == []


def choose(operations: dict[str, str], sample: Sample, keep: int) -> dict[str, str]:
    """Return the operations that belong to the sample."""
    return {name: operations[name] for name in sample(list(operations), keep=keep)}
