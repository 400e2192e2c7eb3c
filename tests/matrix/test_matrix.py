"""Every operation, for every kind of person, by every way of asking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands import registry
from tests.matrix import filling, pressing
from tests.matrix.cast import PRODUCTION, SHOP, open_cast
from tests.matrix.playing import Play
from tests.matrix.table import DEFAULT, POLICY, PROTECTED, SURFACES, Table, table

SURFACE = table(SURFACES)
WITHOUT, WITH = "without a policy", "with a policy"


@pytest.fixture(params=[WITHOUT, WITH])
async def play(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Play]:
    """A world without a policy file, and one with grants, groups and a protection."""
    policy = request.param == WITH
    tables = {SHOP: table(POLICY), PRODUCTION: table(PROTECTED)} if policy else {SHOP: table(DEFAULT)}
    async with open_cast(tmp_path, policy=policy) as cast:
        yield Play(cast, tables)


@pytest.mark.parametrize("rows", [table(DEFAULT), table(POLICY), SURFACE])
def test_every_operation_has_its_row(rows: Table) -> None:
    """An operation that is new has to say who may run it, and where it is found."""
    assert list(rows.rows) == [op.name for op in registry()]


def test_every_operation_of_a_pipeline_is_tried_on_the_protected_one() -> None:
    """Every operation with a pipeline is also in the table of the production pipeline."""
    aimed = [op.name for op in registry() if "pipeline" in op.args.model_fields]
    assert list(table(PROTECTED).rows) == aimed


def test_the_forms_are_those_of_the_operations() -> None:
    """The table marks the operations that open a form."""
    assert SURFACE.column("form").keys() == {op.name for op in registry() if op.opens_form or op.load_fields}


@pytest.mark.parametrize("via", ["slash", "mention"])
async def test_typed_requests(play: Play, via: str) -> None:
    """Each of them gets by typing what the table says; the same request again has no second effect."""
    await play.type_all(via, SURFACE.column("words"), repeated=(via == "slash") is play.cast.policy)
    assert play.score.wrong == []


async def test_pressed_buttons(play: Play) -> None:
    """Public buttons are judged by who presses them; private ones work only for their owner."""
    everybodys = SURFACE.column("everybody's")
    proposals = {
        everybody for everybody in everybodys if everybody.startswith("proposal ") and not play.cast.policy
    }
    public = {name: source for name, source in everybodys.items() if name not in proposals}
    await pressing.press_public_buttons(play, public)
    await pressing.press_private_buttons(play, SURFACE.column("one's own"), SHOP)
    assert play.score.wrong == []
    assert await pressing.list_offered_operations(play.cast) == {
        *public,
        *SURFACE.column("one's own"),
        "job unblock",
    }


async def test_submitted_forms(play: Play) -> None:
    """A form opens where something may come of it, and is judged when it is sent, by the one it was opened for."""
    await filling.fill_forms(play, SURFACE.column("form"))
    await filling.forge_forms(play, SURFACE.column("form"), SHOP)
    assert play.score.wrong == []
