"""The conversations work with `kitestring serve` as a process, over HTTP and over Socket Mode."""

from __future__ import annotations

import pytest

from simulators.slack.state import BOT_USER
from tests.process.town import ENV_VALUE, Town, format_reference

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


async def test_a_build_is_started_with_its_environment(shared: Town) -> None:
    """A slash command starts a build with an environment value, and its card and thread follow it."""
    build, card = await shared.start_build(f"/bk build create web -b main -m 'Ship it' -e DEPLOY={ENV_VALUE}")
    assert (build.branch, build.message, build.env) == ("main", "Ship it", {"DEPLOY": ENV_VALUE})
    await shared.run_build(build)
    await shared.until(lambda: " passed on " in card.plain() and "passed after" in shared.read_replies(card))
    assert [card for card in shared.find_cards() if format_reference(build) in card.plain()] == [card]


async def test_a_failed_job_is_read_and_retried(shared: Town) -> None:
    """A failed build names its job; one button shows the job's log privately, another retries it."""
    build, card = await shared.start_build("/bk build create web")
    await shared.run_build(build, fail=("lint",))
    await shared.until(lambda: " failed on " in card.plain() and "<@U0ALICE01>" in shared.read_replies(card))
    assert "Lint" in shared.read_replies(card)
    assert (await shared.bob.clicks(card, "Logs")).ok
    log = await shared.until(lambda: shared.find_private_message(shared.bob, "exit status 1"))
    assert (await shared.bob.clicks(log, "Retry job")).ok
    await shared.until(lambda: "retried" in shared.transcript())
    assert build.find_job("lint").retry_of is not None
    await shared.run_build(build)
    await shared.until(lambda: " passed on " in card.plain())


async def test_a_block_step_is_unblocked_by_its_form(shared: Town) -> None:
    """A blocked build's button opens the block step's form, and submitting it unblocks the build."""
    build, card = await shared.start_build("/bk build create deploy-prod")
    await shared.run_build(build)
    await shared.until(lambda: " is blocked on " in card.plain() and "is waiting for" in shared.read_replies(card))
    assert (await shared.alice.clicks(card, "Unblock")).ok
    await shared.until(lambda: shared.find_form(shared.alice, "Release name"))
    assert (await shared.alice.submits({"Release name": "1.42", "Ring": "half"})).ok
    await shared.until(lambda: "unblocked" in shared.transcript())
    assert build.meta_data["release-name"] == "1.42"
    await shared.run_build(build)
    await shared.until(lambda: " passed on " in card.plain())


async def test_a_cancel_needs_confirmation(shared: Town) -> None:
    """A button asks before it cancels: a No changes nothing, a Yes cancels the build."""
    build, card = await shared.start_build("/bk build create mobile@release")
    assert (await shared.alice.clicks(card, "Cancel", confirm=False)).problem == "declined"
    assert build.state == "scheduled"
    assert (await shared.alice.clicks(card, "Cancel")).ok
    await shared.until(lambda: " was canceled on " in card.plain())
    assert build.state == "canceled"


async def test_an_agent_is_paused_and_resumed(shared: Town) -> None:
    """An admin pauses an agent by command and resumes it with the button under the answer."""
    agent = shared.buildkite.find_agent("ci-linux-2")
    assert (await shared.alice.types(shared.deploys, '/bk agent pause ci-linux-2 --note "disk full"')).ok
    answer = await shared.until(lambda: shared.find_message("paused agent ci-linux-2"))
    assert (agent.paused, agent.paused_note) == (True, "disk full")
    assert (await shared.alice.clicks(answer, "Resume")).ok
    await shared.until(lambda: shared.find_message("resumed agent ci-linux-2"))
    assert not agent.paused


async def test_a_mention_in_a_thread_means_its_build(shared: Town) -> None:
    """In a build's thread `rebuild` needs no name, and the new build gets a card of its own."""
    build, card = await shared.start_build("/bk build create docs-site")
    await shared.run_build(build)
    await shared.until(lambda: " passed on " in card.plain())
    answer = await shared.bob.posts(shared.deploys, f"<@{BOT_USER}> build rebuild", thread_ts=card)
    assert answer.ok
    again = await shared.until(
        lambda: shared.buildkite.builds[-1].rebuilt_from is build and format_reference(build)
    )
    await shared.until(
        lambda: any(format_reference(shared.buildkite.builds[-1]) in card.plain() for card in shared.find_cards())
    )
    assert again == format_reference(build)


async def test_a_guest_is_refused(shared: Town) -> None:
    """A guest can't start a build, and is told why privately."""
    count = len(shared.buildkite.builds)
    assert (await shared.gwen.types(shared.deploys, "/bk build create web")).ok
    refusal = await shared.until(lambda: shared.find_private_message(shared.gwen, "uest"))
    assert refusal.only_for == shared.gwen.id
    assert len(shared.buildkite.builds) == count


async def test_a_linked_build_is_watched_by_shortcut(shared: Town) -> None:
    """The message shortcut on a message with a build's link posts the build's card in its thread."""
    build = shared.buildkite.create_build_elsewhere("api", creator="Noor Haddad")
    url = f"https://buildkite.com/{shared.buildkite.org}/api/builds/{build.number}"
    message = (await shared.bob.posts(shared.deploys, f"Look at {url}")).message
    assert message is not None
    assert (await shared.bob.shortcut("follow_build", message)).ok
    await shared.until(lambda: f"api#{build.number}" in shared.read_replies(message))
