"""In a storm of builds, every card becomes true, once and soon, with few requests to Buildkite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.robustness.storm import Storm, StormPlan, open_storm, play_storm
from tests.robustness.truth import assert_card_is_correct, assert_posted_once

# Seconds from a build's end to its true card, by the requests allowed a minute, and to why it failed.
# With 200 requests, an end is known within 20 s; what is left are Slack's fifty edits a minute.
TRUE_WITHIN = {50: 60, 200: 60}
EXPLAINED_WITHIN = 180
SMALL = {"asked": 3, "subscribed": 7, "channels": 2}
PLANS = [
    StormPlan(1, **SMALL),
    StormPlan(1),
    StormPlan(2, requests=200),
    StormPlan(2, **SMALL, requests=200),
]


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize("plan", PLANS, ids=str)
async def test_every_card_is_true_soon_after_its_build_has_ended(plan: StormPlan, tmp_path: Path) -> None:
    """Webhooks are shuffled, doubled and lost, Slack turns calls away, and each card is right, once and soon."""
    async with open_storm(tmp_path, plan) as storm:
        await play_storm(storm)
        assert storm.delays()[-1] <= TRUE_WITHIN[plan.requests], list_late(storm)
        assert storm.explanation_delays()[-1:] <= [EXPLAINED_WITHIN], list_late(storm)
        for story in storm.stories:
            assert_card_is_correct(storm.world, story.build)
        assert_posted_once(storm.world)
        left = [int(read.response_headers["ratelimit-user-remaining"]) for read in storm.reads]
        assert min(left) >= plan.requests * 2 // 5 - 1


def list_late(storm: Storm) -> list[str]:
    """Return what became true or was explained late."""
    most = TRUE_WITHIN[storm.plan.requests]
    return [
        f"{story.build.pipeline.slug}#{story.build.number} {story.build.state},"
        f" ended at {storm.ended_at(story):.0f}, true at {story.true_at}, explained at {story.explained_at}"
        for story in storm.stories
        if story.true_at is None
        or story.true_at - storm.ended_at(story) > most
        or (story.failed and story.explained_at is None)
    ]
