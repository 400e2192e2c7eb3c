"""The process ends amid its work, told to or not, and starts again: nothing is lost, nothing doubled."""

from __future__ import annotations

import pytest

from tests.process.town import Town, name_of

pytestmark = pytest.mark.process
CREATES = r"/pipelines/web/builds$"


async def test_told_to_stop_it_ends_what_it_began(empty: Town) -> None:
    """SIGTERM while Buildkite is still answering: the answer is waited for, and the card is there exactly once."""
    program = await empty.serve()
    hanging = empty.buildkite.faults.hang(method="POST", path=CREATES)
    assert (await empty.alice.types(empty.deploys, "/bk build create web")).ok
    await hanging.arrived.wait()
    program.process.terminate()
    await program.heard("stopping")
    hanging.release()
    assert await program.ended() == 0
    [build] = empty.buildkite.builds
    await empty.serve()
    card = await empty.until(empty.newest_card)
    await empty.happens(build)
    await empty.until(lambda: "Passed" in card.plain() and "passed after" in empty.replies(card))
    assert empty.cards() == [card]
    assert await empty.programs[-1].terminated() == 0
    empty.check()


async def test_killed_while_buildkite_creates_the_build(plain: Town) -> None:
    """SIGKILL after Buildkite made the build and before it said so: it is found by its mark, not repeated."""
    program = await plain.serve()
    hanging = plain.buildkite.faults.hang(method="POST", path=CREATES, applied=True)
    assert (await plain.alice.types(plain.deploys, "/bk build create web")).ok
    await hanging.arrived.wait()
    await program.killed()
    hanging.release()
    await plain.serve()
    card = await plain.until(plain.newest_card, within=60)
    assert len(plain.buildkite.builds) == 1
    await plain.happens(plain.buildkite.builds[0])
    await plain.until(lambda: "Passed" in card.plain())
    assert plain.cards() == [card]


async def test_killed_while_slack_takes_the_card(plain: Town) -> None:
    """SIGKILL after Slack took the card and before it said so: the card is found by its mark, not posted again."""
    program = await plain.serve()
    plain.slack.faults.lose_answer("chat.postMessage")
    plain.buildkite.webhooks_off = True
    assert (await plain.alice.types(plain.deploys, "/bk build create web")).ok
    await plain.until(plain.newest_card)
    await program.killed()
    [build] = plain.buildkite.builds
    plain.buildkite.run_build(build)
    await plain.serve()
    await plain.until(lambda: "Passed" in plain.cards()[0].plain(), within=60)
    assert [name_of(build) in card.plain() for card in plain.cards()] == [True]


async def test_killed_while_a_build_runs(empty: Town) -> None:
    """What happened while nobody ran, and is told late, is shown after the start on the same card."""
    program = await empty.serve()
    build, card = await empty.started("/bk build create web")
    await program.killed()
    empty.buildkite.run_build(build, fail=("lint",))
    await empty.serve()
    await empty.buildkite.deliver()
    await empty.until(lambda: "Failed" in card.plain() and "<@U0ALICE01>" in empty.replies(card))
    assert empty.cards() == [card]
