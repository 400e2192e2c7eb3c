"""The process ends in the middle of its work and starts again: nothing is lost or duplicated."""

from __future__ import annotations

import pytest

from tests.process.town import Town, format_reference

pytestmark = pytest.mark.process
CREATES = r"/pipelines/web/builds$"


@pytest.mark.exhaustive(keep=1)
async def test_sigterm_lets_running_work_finish(empty: Town) -> None:
    """After SIGTERM the bot waits for Buildkite's running answer, and posts the card, exactly once."""
    program = await empty.serve()
    hanging = empty.buildkite.faults.hang(method="POST", path=CREATES)
    assert (await empty.alice.types(empty.deploys, "/bk build create web")).ok
    await hanging.arrived.wait()
    program.process.terminate()
    await program.wait_for_event("stopping")
    hanging.release()
    assert await program.wait_for_exit() == 0
    [build] = empty.buildkite.builds
    await empty.serve()
    card = await empty.until(empty.find_newest_card)
    await empty.run_build(build)
    await empty.until(lambda: " passed on " in card.plain() and "passed after" in empty.read_replies(card))
    assert empty.find_cards() == [card]
    assert await empty.programs[-1].terminate() == 0
    empty.check()


async def test_killed_while_buildkite_creates_the_build(plain: Town) -> None:
    """A build that Buildkite created before the SIGKILL is found by its mark, not created again."""
    program = await plain.serve()
    hanging = plain.buildkite.faults.hang(method="POST", path=CREATES, applied=True)
    assert (await plain.alice.types(plain.deploys, "/bk build create web")).ok
    await hanging.arrived.wait()
    await program.kill()
    hanging.release()
    await plain.serve()
    card = await plain.until(plain.find_newest_card)
    assert len(plain.buildkite.builds) == 1
    await plain.run_build(plain.buildkite.builds[0])
    await plain.until(lambda: " passed on " in card.plain())
    assert plain.find_cards() == [card]


async def test_killed_while_slack_takes_the_card(plain: Town) -> None:
    """A card that Slack posted before the SIGKILL is found by its mark, not posted again."""
    program = await plain.serve()
    plain.slack.faults.lose_answer("chat.postMessage")
    plain.buildkite.webhooks_off = True
    assert (await plain.alice.types(plain.deploys, "/bk build create web")).ok
    await plain.until(plain.find_newest_card)
    await program.kill()
    [build] = plain.buildkite.builds
    plain.buildkite.run_build(build)
    await plain.serve()
    await plain.until(lambda: " passed on " in plain.find_cards()[0].plain())
    assert [format_reference(build) in card.plain() for card in plain.find_cards()] == [True]


@pytest.mark.exhaustive(keep=1)
async def test_killed_while_a_build_runs(empty: Town) -> None:
    """A card shows after the restart what happened while no bot was running."""
    program = await empty.serve()
    build, card = await empty.start_build("/bk build create web")
    await program.kill()
    empty.buildkite.run_build(build, fail=("lint",))
    await empty.serve()
    await empty.buildkite.deliver()
    await empty.until(lambda: " failed on " in card.plain() and "<@U0ALICE01>" in empty.read_replies(card))
    assert empty.find_cards() == [card]
