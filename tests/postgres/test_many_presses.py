"""Many presses of a button at once, which reach several replicas on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.conversations.crowd import CROWDS, PRESSES
from tests.postgres.replicas import Replicas
from tests.sampling import Sample


@pytest.mark.parametrize("crowd", ["refused", "failing", "succeeding"])
async def test_presses_at_once_get_one_effect_or_refusal(pair: Replicas, crowd: str, sample: Sample) -> None:
    """Refused, failing and succeeding presses give one effect or one refusal each, never an internal error."""
    await CROWDS[crowd](pair, len(sample(PRESSES, keep=40)))
