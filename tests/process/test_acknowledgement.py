"""Slack is answered in time, whatever Buildkite does."""

from __future__ import annotations

import pytest

from bot.runtime.http_client import TIMEOUT_SECONDS
from simulators.slack.state import BOT_USER
from tests.process.town import Town

pytestmark = pytest.mark.process


@pytest.mark.exhaustive(keep=1)
async def test_slack_is_answered_while_buildkite_hangs(empty: Town) -> None:
    """Forms, commands, mentions and buttons are acknowledged while Buildkite doesn't answer."""
    await empty.serve()
    build, card = await empty.start_build("/bk build create deploy-prod")
    await empty.run_build(build)
    await empty.until(lambda: " is blocked on " in card.plain() and "is waiting for" in empty.read_replies(card))
    assert (await empty.alice.clicks(card, "Unblock")).ok
    await empty.until(lambda: empty.find_form(empty.alice, "Release name"))
    await empty.alice.fills({"Release name": "1.42", "Ring": "half"})
    hanging = empty.buildkite.faults.hang(times=1000)
    acks = [
        await empty.alice.submits(),
        await empty.alice.types(empty.deploys, "/bk build create web"),
        await empty.bob.posts(empty.deploys, f"<@{BOT_USER}> build list web"),
        await empty.bob.clicks(card, "Unblock"),
    ]
    await hanging.arrived.wait()
    # A bot that waited for Buildkite would wait for the whole time-out.
    assert [(ack.ok, ack.seconds < TIMEOUT_SECONDS) for ack in acks] == [(True, True)] * 4
    empty.buildkite.faults.clear()
    hanging.release()
    await empty.until(lambda: "unblocked" in empty.transcript())
    await empty.until(lambda: empty.buildkite.builds[-1].pipeline.slug == "web" and empty.find_newest_card())
    assert await empty.programs[-1].terminate() == 0
    empty.check()


async def test_a_menu_is_answered_while_buildkite_hangs(plain: Town) -> None:
    """A form's menu gets an empty answer in time if Buildkite doesn't list its pipelines."""
    hanging = plain.buildkite.faults.hang(times=1000)
    await plain.serve()
    assert (await plain.alice.types(plain.deploys, "/bk build create")).ok
    await plain.until(lambda: plain.find_form(plain.alice, "Pipeline"))
    assert await plain.alice.searches("Pipeline", "we") == []
    assert plain.slack.problems == []
    hanging.release()
