"""Connected people act in Buildkite with their own rights only."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.slack.models import Message
from tests.conversations.acts import ask_privately, block_build, start_build
from tests.conversations.world import World, open_world
from tests.identity.connecting import ALICE, SECRET, connect_alice, list_requests_of_token, type_command

BOT = "Sam Kim"
PROTECTED = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001"] }
approvals = 1
expires = "30m"

[[freeze]]
name = "no api"
pipelines = ["api"]
from = "2026-11-01 00:00"
until = "2026-12-01 00:00"
zone = "Europe/London"
"""


async def test_a_build_is_started_in_ones_own_name(world: World) -> None:
    """Reading and starting are done with Alice's token; following the build is the bot's work, with the bot's."""
    await connect_alice(world)
    build = await start_build(world)
    assert build.creator is not None
    assert build.creator.name == ALICE
    assert {item.method for item in list_requests_of_token(world, ALICE)} == {"GET", "POST"}
    world.buildkite.requests.clear()
    world.buildkite.run_build(build)
    await world.settle(10)
    assert list_requests_of_token(world, BOT)
    assert not list_requests_of_token(world, ALICE)


async def test_the_budget_is_ones_own(world: World) -> None:
    """Fifty requests a minute are for each user: what Alice has used up, Bob and the bot still have."""
    await connect_alice(world)
    world.buildkite.tokens[SECRET].window.limit = 0
    assert "limiting your token's requests" in await ask_privately(world, world.alice, "build list web")
    assert "used up" in await ask_privately(world, world.alice, "build list web")
    assert "limit" not in await ask_privately(world, world.bob, "build list web")


async def test_others_go_on_with_the_bots_token(world: World) -> None:
    """Bob has connected nothing: for him the bot asks with its own token."""
    await connect_alice(world)
    await type_command(world, world.bob, "build create web")
    assert world.buildkite.builds[-1].creator is world.buildkite.user
    assert not list_requests_of_token(world, ALICE)


async def test_a_missing_scope_is_refused_without_using_the_bots_token(world: World) -> None:
    """A missing scope is reported as the person's own, and nothing is built."""
    await connect_alice(world, without=["write_builds"])
    assert await ask_privately(world, world.alice, "build create web") == snapshot("""\
⚠️ Buildkite refused your token: Your access token doesn't have the write_builds scope
It lacks the write_builds scope. Connect another with `/bk connect`, or use mine again: `/bk disconnect`.\
""")
    assert not world.buildkite.builds
    assert not list_requests_of_token(world, BOT)


async def test_a_revoked_token_is_reported_without_using_the_bots_token(world: World) -> None:
    """After a token was revoked, the answer says whose it was and how to fix it."""
    await connect_alice(world)
    world.buildkite.tokens[SECRET].revoked = True
    assert await ask_privately(world, world.alice, "build create web") == snapshot("""\
⚠️ Buildkite doesn't accept your token: Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/rest-api#authentication
It was revoked or has expired. Connect another with `/bk connect`, or use mine again: `/bk disconnect`.\
""")
    assert not world.buildkite.builds
    assert not list_requests_of_token(world, BOT)
    await ask_privately(world, world.alice, "disconnect")
    await type_command(world, world.alice, "build create web")
    assert len(world.buildkite.builds) == 1


async def test_names_are_those_that_ones_own_token_sees(world: World) -> None:
    """Alice may see `web` alone: other pipelines are not there for her, in answers and menus, but are for Bob."""
    await ask_privately(world, world.bob, "build list")
    await connect_alice(world, pipelines=["web"])
    assert await ask_privately(world, world.alice, "build create deploy-prod") == snapshot(
        "⚠️ There's no pipeline “deploy-prod”."
    )
    await world.alice.types(world.deploys, "/bk build create")
    await world.settle(1)
    offered = await world.alice.searches("Pipeline", "")
    assert offered == ["web"]
    await world.bob.types(world.deploys, "/bk build create")
    await world.settle(1)
    assert len(await world.bob.searches("Pipeline", "")) > 1


async def test_an_unblock_is_credited_to_the_connected_account(world: World) -> None:
    """The step is unblocked with the person's token and in the name of its user."""
    build, card = await block_build(world)
    await connect_alice(world)
    await world.alice.posts(world.deploys, "@kitestring unblock release-name=1.42", thread_ts=card)
    await world.settle(3)
    by = build.find_job("release").unblocked_by
    assert by is not None
    assert by.name == ALICE
    put = [request for request in world.buildkite.requests if request.path.endswith("/unblock")]
    assert [(item.by, item.json["unblocker"]) for item in put] == [(ALICE, by.id)]


async def test_a_lost_answer_is_probed_with_the_bots_token(world: World) -> None:
    """The connection breaks while Alice's build is created, and her token may not look: the bot's finds it."""
    await connect_alice(world, without=["read_builds"])
    await start_build(world, "api")
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    await type_command(world, world.alice, "build create web")
    await world.settle(10)
    await world.settle(40)
    read_count = [
        request
        for request in world.buildkite.requests
        if request.method == "GET" and request.path.endswith("/web/builds")
    ]
    assert {(item.by, item.status) for item in read_count} == {(ALICE, 403), (BOT, 200)}
    assert [build.creator.name for build in world.buildkite.builds if build.creator] == [ALICE, ALICE]
    assert "It went through" in world.whispers(world.alice)[-1]


async def approve_deploy(world: World) -> Message:
    """Alice asks for a deploy, Bob approves it."""
    await world.alice.types(world.deploys, "/bk build create deploy-prod")
    await world.settle(2)
    card = world.card()
    await world.bob.clicks(card, "Approve")
    await world.settle(5)
    return card


async def test_the_policy_still_applies_and_approved_work_runs_in_ones_own_name(tmp_path: Path) -> None:
    """A connected person is frozen out and needs approvals like others; what was approved runs as theirs."""
    policy = tmp_path / "policy.toml"
    policy.write_text(PROTECTED)
    async with open_world(tmp_path, policy=policy) as world:
        await connect_alice(world)
        await ask_privately(world, world.alice, "build create api")
        assert not world.buildkite.builds
        card = await approve_deploy(world)
        assert "*Approved*: deploy-prod#1 has started" in card.plain()
        assert [build.creator.name for build in world.buildkite.builds if build.creator] == [ALICE]


async def test_approved_work_is_not_done_with_the_bots_token_instead(tmp_path: Path) -> None:
    """Approved, but the requester's own token was revoked meanwhile: nothing runs."""
    policy = tmp_path / "policy.toml"
    policy.write_text(PROTECTED)
    async with open_world(tmp_path, policy=policy) as world:
        await connect_alice(world)
        await world.alice.types(world.deploys, "/bk build create deploy-prod")
        await world.settle(2)
        card = world.card()
        world.buildkite.tokens[SECRET].revoked = True
        await world.bob.clicks(card, "Approve")
        await world.settle(5)
        assert not world.buildkite.builds
        assert "accept your token" in world.replies(card)[-1]
