"""Buttons of cards whose operations others must agree to: pressed again while that is open, and after it ended."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.access import audit_log
from bot.access.queries import read_audit
from bot.operations.choices import make_choice_id
from simulators.buildkite.models import Build
from simulators.slack.models import Message
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message, open_world
from tests.policy.test_file import write_policy

RULES = """
[[grant]]
name = "everybody reads"
standings = ["member"]
permissions = ["help", "read", "logs"]

[[grant]]
name = "everybody builds web"
standings = ["member"]
permissions = ["build"]
pipelines = ["web"]

[[grant]]
name = "Alice deploys"
users = ["U0ALICE01"]
permissions = ["build", "admin"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
operations = ["rebuild", "unblock"]
approvers = { users = ["U0BOB0001"] }
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice deploys, Bob approves; both build web."""
    path = tmp_path / "policy.toml"
    write_policy(path, RULES)
    async with open_world(tmp_path, policy=path) as ready:
        yield ready


async def fail_deploy(world: World) -> Message:
    """Return the card of a failed deploy, with its Rebuild button."""
    build = world.buildkite.create_build("deploy-prod")
    await world.alice.types(world.deploys, f"/bk watch deploy-prod {build.number}")
    await world.settle(2)
    card = world.card()
    world.buildkite.run_build(build, fail=["test"])
    await world.settle(4)
    return card


async def press_rebuild(world: World, card: Message) -> Message:
    """Alice presses Rebuild; the card on which that waits."""
    await world.alice.clicks(card, "Rebuild")
    await world.settle(2)
    waiting = world.slack.thread(world.deploys, card)[-1]
    assert "Approval needed" in format_message(waiting)
    return waiting


async def count_proposals(world: World) -> int:
    """Return the number of proposals."""
    async with world.bot.platform.store.read() as tx:
        return sum([entry.transition == "proposed" async for entry in read_audit(tx)])


async def test_a_second_press_links_to_the_open_proposal(world: World) -> None:
    """Pressing the button again makes no new proposal: the answer links to the channel of the first."""
    card = await fail_deploy(world)
    stale = deepcopy(card)
    waiting = await press_rebuild(world, card)
    assert "[Rebuild]" not in format_message(card)
    await world.alice.clicks(stale, "Rebuild")
    await world.settle(1)
    assert world.whispers(world.alice)[-1] == snapshot(
        "✋ alice already asked to rebuild *deploy-prod#1*. It's waiting for approval in <#C0DEPLOYS>."
    )
    assert await count_proposals(world) == 1
    await world.bob.clicks(waiting, "Approve")
    await world.settle(3)
    assert len(world.buildkite.builds) == 2
    await world.alice.clicks(stale, "Rebuild")
    await world.settle(1)
    assert world.whispers(world.alice)[-1] == snapshot(
        "✅ *Approved*: deploy-prod#2 has started. alice wanted to rebuild *deploy-prod#1*: see <#C0DEPLOYS>."
    )
    assert len(world.buildkite.builds) == 2


@pytest.mark.parametrize("end", ["expired", "refused", "withdrawn", "failed"])
async def test_after_an_unsuccessful_end_a_press_makes_a_new_proposal(world: World, end: str) -> None:
    """After a proposal expired, was refused or withdrawn, or failed, the same button makes a new one."""
    card = await fail_deploy(world)
    waiting = await press_rebuild(world, card)
    if end == "expired":
        world.clock.advance(1801)
    elif end == "failed":
        world.buildkite.faults.fail(422, path="/rebuild$", body={"message": "No."})
        await world.bob.clicks(waiting, "Approve")
    else:
        who, label = {"refused": (world.bob, "Refuse"), "withdrawn": (world.alice, "Withdraw")}[end]
        await who.clicks(waiting, label)
    await world.settle(3)
    assert "[Approve]" not in format_message(waiting)
    assert len(world.buildkite.builds) == 1
    again = await press_rebuild(world, card)
    assert again is not waiting
    await world.bob.clicks(again, "Approve")
    await world.settle(3)
    assert len(world.buildkite.builds) == 2


async def test_a_step_is_shown_by_its_label(world: World) -> None:
    """An approver of an unblock sees the step's label, not a job's id."""
    build, card = await block_deploy(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(1)
    await world.alice.submits({"Release name": "1.42"})
    await world.settle(2)
    assert format_message(world.slack.thread(world.deploys, card)[-1]) == snapshot("""\
✋ *Approval needed*
alice wants to unblock *Release to production?* in *deploy-prod#1*: Release name `1.42`, Ring `Canary (5 %)`
Needs 1 approval from <@U0BOB0001> before 2026-11-02 09:30 UTC.
“production”
[Approve] [Refuse] [Withdraw]\
""")
    assert build.blocked


async def block_deploy(world: World) -> tuple[Build, Message]:
    """A deploy that waits at its block step, with its card."""
    build = world.buildkite.create_build("deploy-prod")
    await world.alice.types(world.deploys, f"/bk watch deploy-prod {build.number}")
    world.buildkite.run_build(build)
    await world.settle(4)
    return build, world.card()


async def test_a_form_that_would_be_refused_is_not_shown(world: World) -> None:
    """Bob may build web, not production: the step's fields are not shown to him, but the rule and who can help."""
    _build, card = await block_deploy(world)
    await world.bob.clicks(card, "Unblock")
    await world.settle(1)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert form.plain() == snapshot("""\
# Unblock
You may not run `job unblock` on `deploy-prod` here. Your grant “everybody builds web” is for pipelines `web`. Ask <@U0ALICE01> to do it. (“everybody builds web”)\
""")
    assert world.whispers(world.bob)[-1] == snapshot("""\
⚠️ You may not run `job unblock` on `deploy-prod` here.
Your grant “everybody builds web” is for pipelines `web`. Ask <@U0ALICE01> to do it.\
""")
    async with world.bot.platform.store.read() as tx:
        [refused] = [item async for item in read_audit(tx) if item.transition == "refused"]
    assert (refused.operation, refused.user, refused.detail) == snapshot(
        (
            "job unblock",
            "U0BOB0001",
            {"args": {"pipeline": "deploy-prod", "number": 1}, "rule": "everybody builds web"},
        )
    )


async def test_a_form_whose_sending_is_to_be_approved_opens(world: World) -> None:
    """Alice may pass the step once Bob agrees: she gets the form as ever."""
    _build, card = await block_deploy(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(1)
    form = world.slack.modal_of(world.alice)
    assert form is not None
    assert "Release name" in form.plain()


async def test_the_audit_names_the_rule_that_let_it_happen(world: World) -> None:
    """The audit names the grant that allowed an operation, or the protection that was approved."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    card = await fail_deploy(world)
    await world.bob.clicks(await press_rebuild(world, card), "Approve")
    await world.settle(3)
    async with world.bot.platform.store.read() as tx:
        done = [item async for item in read_audit(tx) if item.transition == "done"]
    ruled = [(item.operation, item.detail["rule"]) for item in done if item.operation.startswith("build ")]
    assert ruled == snapshot(
        [
            ("build create", "everybody builds web"),
            ("build watch", "everybody reads"),
            ("build rebuild", "production"),
        ]
    )
    assert "done (everybody builds web)" in await ask_privately(world, world.alice, "audit --pipeline web")
    [line] = [json.loads(audit_log.format_json_line(item)) for item in done if item.operation == "build create"]
    assert line["detail"]["rule"] == "everybody builds web"


async def test_ids_can_be_typed(world: World) -> None:
    """A proposal can be withdrawn by typing its id; no id begins with a dash."""
    waiting = await press_rebuild(world, await fail_deploy(world))
    [row] = [block for block in waiting.blocks or [] if block["type"] == "actions"]
    answer = await ask_privately(world, world.alice, f"proposal withdraw {row['elements'][0]['value']}")
    assert answer == snapshot("Withdrawn: alice's request to rebuild *deploy-prod#1*.")
    assert all(make_choice_id().isalnum() for _ in range(500))
