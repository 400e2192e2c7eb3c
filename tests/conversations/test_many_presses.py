"""Many presses of a button at once, on SQLite."""

from __future__ import annotations

import pytest

from tests.conversations.crowd import CROWDS, PRESSES
from tests.conversations.world import World
from tests.sampling import Sample


@pytest.mark.parametrize("crowd", CROWDS)
async def test_presses_at_once_get_one_effect_or_refusal(world: World, crowd: str, sample: Sample) -> None:
    """Refused, failing and succeeding presses give one effect or one refusal each, never an internal error."""
    await CROWDS[crowd](world, len(sample(PRESSES, keep=100)))
