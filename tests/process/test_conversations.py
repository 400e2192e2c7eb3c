"""The conversations, with `kitestring serve` as a process of its own, over HTTP and over Socket Mode."""

from __future__ import annotations

import pytest

from simulators.slack.state import BOT_USER
from tests.process.town import ENV_VALUE, Town, name_of

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


async def test_a_build_is_started_with_its_environment(shared: Town) -> None:
    """A slash command starts a build with an environment value; its card and thread tell how it goes."""
    build, card = await shared.started(f"/bk build create web -b main -m 'Ship it' -e DEPLOY={ENV_VALUE}")
    assert (build.branch, build.message, build.env) == ("main", "Ship it", {"DEPLOY": ENV_VALUE})
    await shared.happens(build)
    await shared.until(lambda: "Passed" in card.plain() and "passed after" in shared.replies(card))
    assert [card for card in shared.cards() if name_of(build) in card.plain()] == [card]


async def test_a_failed_job_is_read_and_retried(shared: Town) -> None:
    """The build fails and says which job; a button shows the job's log to the one who asks, another retries it."""
    build, card = await shared.started("/bk build create web")
    await shared.happens(build, fail=("lint",))
    await shared.until(lambda: "Failed" in card.plain() and "<@U0ALICE01>" in shared.replies(card))
    assert "Lint" in shared.replies(card)
    assert (await shared.bob.clicks(card, "Logs")).ok
    log = await shared.until(lambda: shared.whispered(shared.bob, "exit status 1"))
    assert (await shared.bob.clicks(log, "Retry job")).ok
    await shared.until(lambda: "retried" in shared.transcript())
    assert build.find_job("lint").retry_of is not None
    await shared.happens(build)
    await shared.until(lambda: "Passed" in card.plain())


async def test_a_gate_is_unblocked_by_its_form(shared: Town) -> None:
    """A blocked build's button opens the form of its block step; what is sent with it lets the build go on."""
    build, card = await shared.started("/bk build create deploy-prod")
    await shared.happens(build)
    await shared.until(lambda: "Blocked" in card.plain() and "is waiting for" in shared.replies(card))
    assert (await shared.alice.clicks(card, "Unblock")).ok
    await shared.until(lambda: shared.form(shared.alice, "Release name"))
    assert (await shared.alice.submits({"Release name": "1.42", "Ring": "half"})).ok
    await shared.until(lambda: "unblocked" in shared.transcript())
    assert build.meta_data["release-name"] == "1.42"
    await shared.happens(build)
    await shared.until(lambda: "Passed" in card.plain())


async def test_a_build_is_canceled_when_the_question_is_answered(shared: Town) -> None:
    """A button asks before it cancels: after a No nothing happens, after a Yes the build is canceled."""
    build, card = await shared.started("/bk build create mobile@release")
    assert (await shared.alice.clicks(card, "Cancel", confirm=False)).problem == "declined"
    assert build.state == "scheduled"
    assert (await shared.alice.clicks(card, "Cancel")).ok
    await shared.until(lambda: "Canceled" in card.plain())
    assert build.state == "canceled"


async def test_an_agent_is_paused_and_resumed(shared: Town) -> None:
    """An admin pauses an agent by command, and resumes it with the button below what was said."""
    agent = shared.buildkite.find_agent("ci-linux-2")
    assert (await shared.alice.types(shared.deploys, '/bk agent pause ci-linux-2 --note "disk full"')).ok
    said = await shared.until(lambda: shared.said("paused agent ci-linux-2"))
    assert (agent.paused, agent.paused_note) == (True, "disk full")
    assert (await shared.alice.clicks(said, "Resume")).ok
    await shared.until(lambda: shared.said("resumed agent ci-linux-2"))
    assert not agent.paused


async def test_a_mention_in_a_thread_means_its_build(shared: Town) -> None:
    """In a build's thread `rebuild` needs no name, and the new build is followed there."""
    build, card = await shared.started("/bk build create docs-site")
    await shared.happens(build)
    await shared.until(lambda: "Passed" in card.plain())
    said = await shared.bob.posts(shared.deploys, f"<@{BOT_USER}> build rebuild", thread_ts=card)
    assert said.ok
    again = await shared.until(lambda: shared.buildkite.builds[-1].rebuilt_from is build and name_of(build))
    await shared.until(lambda: name_of(shared.buildkite.builds[-1]) in shared.replies(card))
    assert again == name_of(build)


async def test_a_guest_is_refused(shared: Town) -> None:
    """A guest starts nothing, and is told why where nobody else sees it."""
    count = len(shared.buildkite.builds)
    assert (await shared.gwen.types(shared.deploys, "/bk build create web")).ok
    refusal = await shared.until(lambda: shared.whispered(shared.gwen, "uest"))
    assert refusal.only_for == shared.gwen.id
    assert len(shared.buildkite.builds) == count


async def test_a_build_of_somebody_else_is_followed_by_shortcut(shared: Town) -> None:
    """The message shortcut on a message with a build's link posts that build's card below it."""
    build = shared.buildkite.create_build_elsewhere("api", creator="Noor Haddad")
    url = f"https://buildkite.com/{shared.buildkite.org}/api/builds/{build.number}"
    message = (await shared.bob.posts(shared.deploys, f"Look at {url}")).message
    assert message is not None
    assert (await shared.bob.shortcut("follow_build", message)).ok
    await shared.until(lambda: f"api#{build.number}" in shared.replies(message))
