"""Approvals are judged again at each press, and once more when the operation runs."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.access.queries import find_newest_entries
from simulators.buildkite.models import Build
from simulators.slack.models import Message
from tests.conversations.acts import ask_privately, block_build
from tests.conversations.world import World, format_message, open_world
from tests.policy.test_file import write_policy

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env", "lock"]

[[grant]]
name = "admins"
standings = ["admin"]
permissions = ["admin"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
operations = ["create", "rebuild"]
approvers = { users = ["U0BOB0001", "U0CARA001"] }

[[protect]]
name = "the gate"
pipelines = ["gated"]
operations = ["unblock"]
approvers = { users = ["U0BOB0001"] }
"""
FREEZE = """
[[freeze]]
name = "stop"
pipelines = ["deploy-*"]
from = 2026-11-02T08:00:00
until = 2026-11-02T18:00:00
zone = "UTC"
reason = "the database moves"
"""
SHA = "8f742231b10e8888abcd8f742231b10e8888abcd"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """One approval of Bob's or Cara's lets a deploy run; Alice asks."""
    path = tmp_path / "policy.toml"
    write_policy(path, RULES)
    return path


@pytest.fixture
async def world(tmp_path: Path, policy: Path) -> AsyncIterator[World]:
    """Alice (admin), Bob and Cara."""
    async with open_world(tmp_path, policy=policy) as ready:
        ready.slack.person("U0CARA001", "cara", "cara@acme.example")
        ready.deploys.members.append("U0CARA001")
        yield ready


async def propose(world: World, words: str = "build create deploy-prod") -> Message:
    """Alice asks for a deploy; the card of it."""
    await world.alice.types(world.deploys, f"/bk {words}")
    await world.settle(2)
    return world.card()


async def approve(world: World, card: Message) -> None:
    """Bob's word is counted, and nothing has run yet."""
    await world.bob.clicks(card, "Approve")
    await world.bot.drain()


async def block_gated(world: World) -> tuple[Build, Message]:
    """A build that waits at a step with a field; passing that step is protected."""
    field = {"text": "Release name", "key": "release-name"}
    world.buildkite.pipeline(
        "gated", steps=[{"command": "true"}, {"block": "Ship?", "key": "gate", "fields": [field]}]
    )
    return await block_build(world, "gated")


async def read_outcome(world: World, card: Message) -> tuple[int, list[str], str]:
    """Return the number of builds, the headings of the card, and the reply that tells Alice."""
    await world.settle(3)
    assert "[Approve]" not in format_message(card)
    return len(world.buildkite.builds), format_message(card).split("\n")[:1], world.replies(card)[-1]


async def test_a_freeze_that_began_in_the_meantime_holds(world: World, policy: Path) -> None:
    """Between the approval and the run a freeze begins: nothing runs, and the card says why."""
    card = await propose(world)
    await approve(world, card)
    write_policy(policy, RULES + FREEZE)
    world.clock.advance(2)
    assert await read_outcome(world, card) == snapshot(
        (
            0,
            ["⚠️ *Approved*, but it failed"],
            """\
<@U0ALICE01> bob approved your request to start *deploy-prod* on `main`, but it failed.
⚠️ `deploy-prod` is frozen until Mon 2 Nov 18:00 (UTC): the database moves.
Ask a workspace admin.\
""",
        )
    )
    assert "the database moves" in format_message(card)


async def test_a_lock_that_was_taken_in_the_meantime_holds(world: World) -> None:
    """Between the approval and the run Cara locks the pipeline: nothing runs, and the card says who holds it."""
    card = await propose(world)
    await approve(world, card)
    await world.slack.people["U0CARA001"].types(world.deploys, '/bk lock deploy-prod "release 42"')
    await world.bot.drain()
    assert await read_outcome(world, card) == snapshot(
        (
            0,
            ["⚠️ *Approved*, but it failed"],
            """\
<@U0ALICE01> bob approved your request to start *deploy-prod* on `main`, but it failed.
⚠️ `deploy-prod` is locked by <@U0CARA001> until 2026-11-02 11:00 UTC: release 42
Ask them to unlock it, or see `help lock` to take it over.\
""",
        )
    )
    assert "release 42" in format_message(card)


async def test_a_grant_that_was_removed_in_the_meantime_is_missing(world: World, policy: Path) -> None:
    """Alice loses her grant between the approval and the run: an approval doesn't replace it."""
    card = await propose(world)
    await approve(world, card)
    write_policy(
        policy,
        RULES.replace('name = "everybody builds"\nstandings = ["member"]', 'name = "bob"\nusers = ["@bob"]'),
    )
    world.clock.advance(2)
    assert await read_outcome(world, card) == snapshot(
        (
            0,
            ["⚠️ *Approved*, but it failed"],
            """\
<@U0ALICE01> bob approved your request to start *deploy-prod* on `main`, but it failed.
⚠️ `build create` is for @bob.
Ask a workspace admin to do it.\
""",
        )
    )


async def test_a_stop_of_all_writes_holds(world: World) -> None:
    """Read-only mode is turned on between the approval and the run: nothing runs."""
    card = await propose(world)
    await approve(world, card)
    await world.alice.types(world.deploys, "/bk readonly on")
    await world.bot.drain()
    assert await read_outcome(world, card) == snapshot(
        (
            0,
            ["⚠️ *Approved*, but it failed"],
            """\
<@U0ALICE01> bob approved your request to start *deploy-prod* on `main`, but it failed.
⚠️ alice has turned on read-only mode: nothing in Buildkite can be changed.
An admin can turn that off: `/bk readonly off`.\
""",
        )
    )


async def test_an_approver_who_has_left_no_longer_counts(world: World) -> None:
    """Bob's account is deactivated between the approval and the run: his approval no longer counts."""
    card = await propose(world)
    await approve(world, card)
    world.slack.profiles[world.bob.id].deleted = True
    world.clock.advance(301)
    assert await read_outcome(world, card) == snapshot(
        (
            0,
            ["⚠️ *Approved*, but it failed"],
            """\
<@U0ALICE01> bob approved your request to start *deploy-prod* on `main`, but it failed.
⚠️ It no longer has enough approvals.
Request it again.\
""",
        )
    )


async def test_an_operation_that_could_not_run_cannot_be_approved(world: World, policy: Path) -> None:
    """While a freeze or a lock is on a press says so and is not counted; afterwards it is. Refusing works always."""
    card, other = await propose(world), await propose(world, "build create deploy-prod -m again")
    write_policy(policy, RULES + FREEZE)
    world.clock.advance(2)
    await world.bob.clicks(card, "Approve")
    await world.settle(1)
    write_policy(policy, RULES)
    await ask_privately(world, world.bob, 'lock deploy-prod "release 42"')
    world.clock.advance(2)
    await world.bob.clicks(card, "Approve")
    await world.settle(1)
    frozen, locked = world.whispers(world.bob)[-2:]
    assert ("the database moves" in frozen, "release 42" in locked) == snapshot((True, True))
    await world.slack.people["U0CARA001"].clicks(other, "Refuse")
    await world.settle(1)
    assert "Refused" in format_message(other)
    assert world.buildkite.builds == []
    await ask_privately(world, world.bob, "unlock deploy-prod")
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert len(world.buildkite.builds) == 1


async def test_a_protected_unblock_is_proposed_and_runs_once(world: World) -> None:
    """The step's form is filled in, Bob approves what he reads, and the step is passed once."""
    build, card = await block_gated(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(1)
    await world.alice.submits({"Release name": "1.42"})
    await world.settle(2)
    asked = world.slack.thread(world.deploys, card)[-1]
    assert format_message(asked) == snapshot("""\
✋ *Approval needed*
alice wants to unblock *Ship?* in *gated#1*: Release name `1.42`
Needs 1 approval from <@U0BOB0001> before 2026-11-02 09:30 UTC.
“the gate”
[Approve] [Refuse] [Withdraw]\
""")
    assert build.find_job("gate").state == "blocked"
    await world.alice.clicks(asked, "Approve")
    await world.settle(1)
    assert "that's for <@U0BOB0001>" in world.whispers(world.alice)[-1]
    await world.bob.clicks_twice(asked, "Approve")
    await world.settle(4)
    puts = [request.json for request in world.buildkite.requests if request.path.endswith("/unblock")]
    assert puts == [{"fields": {"release-name": "1.42"}}]
    assert "✅ *Approved*: unblocked “Ship?”: Release name 1.42" in format_message(asked)


async def test_an_unblocked_step_is_not_unblocked_again(world: World) -> None:
    """A step unblocked in the meantime isn't unblocked again: the card shows Buildkite's refusal."""
    build, card = await block_gated(world)
    await world.alice.posts(world.deploys, "@kitestring unblock release-name=1.42", thread_ts=card)
    await world.settle(2)
    asked = world.slack.thread(world.deploys, card)[-1]
    assert "Approval needed" in format_message(asked)
    world.buildkite.unblock(build.find_job("gate").id, {"release-name": "1.0"})
    await world.bob.clicks(asked, "Approve")
    await world.settle(4)
    assert not [
        request
        for request in world.buildkite.requests
        if request.path.endswith("/unblock") and request.status == 200
    ]
    assert format_message(asked) == snapshot("""\
⚠️ *Approved*, but it failed
alice wanted to unblock *Ship?* in *gated#1*: Release name `1.42`
👍 bob “the gate” Already unblocked by Sam Kim at 2026-11-02 09:00 UTC.\
""")


async def test_a_short_sha_is_asked_for_in_full(world: World) -> None:
    """A short SHA can't be proposed, because it may come to mean another commit."""
    assert await ask_privately(world, world.alice, "build create deploy-prod -c 8f74223") == snapshot("""\
⚠️ `8f74223` might be a different commit by the time this is approved.
Give the whole 40-character SHA (`git rev-parse` prints it), or leave the commit out to build HEAD.\
""")
    assert world.slack.messages(world.deploys) == []
    card = await propose(world, f"build create deploy-prod -c {SHA}")
    assert f"Commit*: `{SHA}`" in format_message(card)
    assert "HEAD" not in format_message(card)
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert [build.commit for build in world.buildkite.builds] == [SHA]


async def test_two_presses_at_once_start_one_build(world: World) -> None:
    """Bob and Cara press together, one of them twice: one build, and the card is closed."""
    card = await propose(world)
    await world.bob.clicks_twice(card, "Approve")
    await world.slack.people["U0CARA001"].clicks(card, "Approve")
    await world.settle(5)
    assert len(world.buildkite.builds) == 1
    assert "[Approve]" not in format_message(card)


async def test_a_press_after_the_time_is_over_starts_nothing(world: World) -> None:
    """A press after the deadline is refused, although the card isn't updated yet."""
    card = await propose(world)
    world.clock.advance(1801)
    await world.bob.clicks(card, "Approve")
    await world.bot.drain()
    assert world.whispers(world.bob)[-1] == snapshot("""\
⚠️ This expired 2026-11-02 09:30 UTC, because it didn't get enough approvals in time.
Ask again for a new approval.\
""")
    await world.settle(3)
    assert world.buildkite.builds == []
    assert "Expired" in format_message(card)


async def test_every_step_of_it_is_in_the_audit(world: World) -> None:
    """Each transition adds an audit row with its actor and rule."""
    card = await propose(world, "build create deploy-prod -e TARGET=eu-west")
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    async with world.bot.platform.store.read() as tx:
        rows = [
            newest_entry
            for newest_entry in await find_newest_entries(tx)
            if newest_entry.operation == "build create"
        ]
    assert [(row.user, row.transition, row.detail.get("rule")) for row in reversed(rows)] == snapshot(
        [
            ("U0ALICE01", "proposed", "production"),
            ("U0BOB0001", "approved", "production"),
            ("U0ALICE01", "done", "production"),
        ]
    )
    assert "eu-west" not in str([row.detail for row in rows])
