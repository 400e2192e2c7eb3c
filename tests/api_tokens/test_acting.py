# ruff: noqa: E501  (what people read is pinned as it is)
"""A program acts with an API token: as its owner at that moment, within its limits, named in the thread."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.operations.invocation import Flags, Request
from bot.operations.reply import Call
from bot.slack.types import Thread
from simulators.slack.state import BOT_USER
from tests.api_tokens.acts import call, get_tokens, make_token, read_answers, read_audit, send
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message

PLACE = {"Channel for announcements": "C0DEPLOYS"}


async def test_what_a_program_does_is_said_with_both_names(world: World) -> None:
    """Its build's card, its cancel and the audit name the owner and the token; the via is REST."""
    raw = await make_token(world, world.bob, **PLACE)
    token = await call(world, raw, "build create", pipeline="web", branch="main")
    card = world.card()
    assert "requested by bob's agent (release-bot)" in format_message(card)
    await call(world, raw, "build cancel", pipeline="web", number="1")
    assert world.replies(card) == snapshot(["bob's agent (release-bot) canceled web#1"])
    details = [detail for _, _, detail in await read_audit(world, "build create", "build cancel")]
    assert {(detail["token"], detail["agent"]) for detail in details} == {(token.id, "bob's agent (release-bot)")}
    shown = await ask_privately(world, world.alice, "audit")
    assert "bob's agent (release-bot)" in shown
    assert await ask_privately(world, world.bob, "build cancel web 1 --yes") == snapshot("""\
web#1 was already canceled by bob's agent (release-bot) at 2026-11-02 09:00 UTC.
[Rebuild]\
""")


@pytest.mark.parametrize(
    ("limits", "operation", "args", "refusal"),
    [
        (
            {"Permissions": ["read"]},
            "build create",
            {"pipeline": "web"},
            snapshot("""\
⚠️ The API token `release-bot` lacks the permission `build`.
`build create` needs it. Create a token that has it.\
"""),
        ),
        (
            {"Pipelines": ["web"]},
            "build create",
            {"pipeline": "mobile"},
            snapshot("""\
⚠️ The API token `release-bot` doesn't allow `build create` on `mobile`, branch `main`.
It is limited to `web`.\
"""),
        ),
        (
            {"Permissions": ["help"]},
            "build list",
            {"pipeline": "web"},
            snapshot("""\
⚠️ The API token `release-bot` lacks the permission `read`.
`build list` needs it. Create a token that has it.\
"""),
        ),
        (
            {"Pipelines": ["web"]},
            "agent list",
            {},
            snapshot("""\
⚠️ The API token `release-bot` doesn't allow `agent list` without a pipeline.
It is limited to `web`.\
"""),
        ),
        (
            {"Permissions": ["read"]},
            "subscribe",
            {"pipeline": "web"},
            snapshot("""\
⚠️ `subscribe` changes settings, and the API token `release-bot` may not.
That takes a person's token with all of their permissions.\
"""),
        ),
        (
            {},
            "proposal approve",
            {"proposal": "x"},
            snapshot("""\
⚠️ `proposal approve` is for people only: no API token can call it.
Run it in Slack.\
"""),
        ),
        (
            {},
            "readonly",
            {"state": "on"},
            snapshot("""\
⚠️ `readonly` is for people only: no API token can call it.
Run it in Slack.\
"""),
        ),
        (
            {},
            "api-token revoke",
            {"token": "release-bot"},
            snapshot("""\
⚠️ `api-token revoke` is for people only: no API token can call it.
Run it in Slack.\
"""),
        ),
        (
            {},
            "alias",
            {"words": "ship = build create web"},
            snapshot("""\
⚠️ `alias` is for people only: no API token can call it.
Run it in Slack.\
"""),
        ),
    ],
)
async def test_limits_refuse(
    world: World, limits: dict[str, list[str]], operation: str, args: dict[str, str], refusal: str
) -> None:
    """Each refusal names what the token lacks, and is audited by its rule."""
    raw = await make_token(world, world.alice, **PLACE, **limits)
    token = await call(world, raw, operation, **args)
    assert (await read_answers(world))[-1] == refusal
    [(_, transition, detail)] = await read_audit(world, operation)
    assert (transition, detail["rule"], detail["token"]) == ("refused", "api token", token.id)
    assert world.buildkite.builds == []
    assert (await get_tokens(world).authenticate(raw)).id == token.id


async def test_a_list_leaves_out_what_the_token_may_not_read(world: World) -> None:
    """Limited to web, a program sees no other pipeline in lists, nor in suggestions after a wrong name."""
    raw = await make_token(world, world.alice, **PLACE, Pipelines=["web"])
    await call(world, raw, "pipeline list")
    assert "deploy-prod" in await ask_privately(world, world.alice, "pipeline list")
    assert "deploy-prod" not in (await read_answers(world))[-1]
    await call(world, raw, "build create", pipeline="deploy-prd")
    assert "deploy-prod" not in (await read_answers(world))[-1]


async def test_an_approved_call_runs_as_the_agent(world: World) -> None:
    """A protected call waits for people; the card names both, and it runs with the token's limits once approved."""
    raw = await make_token(world, world.alice, **PLACE)
    await call(world, raw, "build create", pipeline="deploy-prod", branch="main")
    assert world.buildkite.builds == []
    card = world.card()
    assert "\n".join(format_message(card).split("\n")[:3]) == snapshot("""\
✋ *Approval needed*
alice's agent (release-bot) wants to start *deploy-prod* on `main`
*Commit*: latest on `main` when it starts\
""")
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["deploy-prod"]
    assert any("alice's agent (release-bot)" in line for line in world.transcript().split("\n"))


async def test_a_token_revoked_meanwhile_stops_an_approved_call(world: World) -> None:
    """The approval was for this call by this token: without the token it doesn't run."""
    raw = await make_token(world, world.alice, **PLACE)
    await call(world, raw, "build create", pipeline="deploy-prod", branch="main")
    card = world.card()
    await ask_privately(world, world.alice, "api-token revoke release-bot --yes")
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert world.buildkite.builds == []
    assert "was revoked" in world.transcript() + "".join(await read_answers(world))


async def test_a_call_that_waited_is_judged_by_its_token(world: World) -> None:
    """The token is stored with the call: one that a crash held back is refused if the token expired meanwhile."""
    raw = await make_token(world, world.bob, **PLACE, **{"Expires in": "1d"})
    token = await get_tokens(world).authenticate(raw)
    procedure = world.bot.workspace.interaction.execution.procedure
    place = Thread(world.bot.workspace.deps.slack.identity.team, "C0DEPLOYS")
    request = Request(world.bob.id, place, "rest", "rest:held", flags=Flags(token=token.id))
    await procedure.record(request, Call("build create", {"pipeline": "web"}))
    stored = (await procedure.record(request, Call("build create", {"pipeline": "web"}))).first
    assert stored.flags.token == token.id
    world.clock.advance(86_400)
    procedure.resume(stored)
    await world.settle(2)
    assert world.buildkite.builds == []
    assert (await read_answers(world))[-1] == snapshot("""\
⚠️ The API token release-bot has expired.
Create one in Slack with `/bk api-token create`, and send it as a bearer token.\
""")


async def test_a_token_follows_its_owners_standing(world: World) -> None:
    """A call that was accepted runs only if the owner still may when its turn comes."""
    raw = await make_token(world, world.bob, **PLACE)
    token = await get_tokens(world).authenticate(raw)
    world.bob.profile.deleted = True
    world.clock.advance(61)
    await send(world, token, "build create", pipeline="web")
    assert world.buildkite.builds == []
    [(_, transition, _)] = await read_audit(world, "build create")
    assert transition == "refused"


async def test_a_service_has_only_its_group(world: World) -> None:
    """Made by an admin, it has none of her rights: only what the policy gives `service:release-bot`."""
    raw = await make_token(world, world.alice, "nightly", Service="release-bot", **PLACE)
    await call(world, raw, "build create", pipeline="web", branch="main")
    assert "requested by release-bot (nightly)" in format_message(world.card())
    await call(world, raw, "build create", pipeline="mobile")
    assert (await read_answers(world))[-1] == snapshot("""\
⚠️ You may not run `build create` on `mobile`, branch `main` here.
Your grant “nightly” is for pipelines `web`. Ask full members to do it.\
""")
    await call(world, raw, "pipeline list")
    assert (await read_answers(world))[-1] == snapshot("""\
⚠️ `pipeline list` is for full members.
Ask the platform team to do it.\
""")
    other = await make_token(world, world.alice, "other", Service="unknown", **PLACE)
    await call(world, other, "whoami")
    assert (await read_answers(world))[-1] == snapshot("""\
⚠️ No rule of the policy names this service.
Ask the platform team to add a grant with its group, such as groups = ["service:release-bot"].\
""")
    assert len(world.buildkite.builds) == 1


async def test_a_channel_counts_only_while_the_owner_reads_it(world: World) -> None:
    """Grants may be limited to channels. Bob leaves a private one: from then on his token isn't in it either."""
    room = world.slack.channel("C0RELEASE", "release", members=[world.bob.id, BOT_USER], private=True)
    raw = await make_token(world, world.bob, **{"Channel for announcements": "C0RELEASE"})
    token, tokens = await get_tokens(world).authenticate(raw), get_tokens(world)
    place = Thread(world.bot.workspace.deps.slack.identity.team, "C0RELEASE")
    assert (await tokens.find_actor(token.id, place, "rest")).channel == "C0RELEASE"
    room.members.remove(world.bob.id)
    world.clock.advance(61)
    assert (await tokens.find_actor(token.id, place, "rest")).channel == ""


async def test_without_a_channel_people_are_asked_by_direct_message(world: World) -> None:
    """A protected call of a token without a channel reaches its approver, and its owner learns the outcome."""
    raw = await make_token(world, world.alice)
    await call(world, raw, "build create", pipeline="deploy-prod", branch="main")
    assert world.buildkite.builds == []
    [card] = world.slack.messages(world.bob.dm)
    assert "alice's agent (release-bot) wants to start *deploy-prod*" in format_message(card)
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["deploy-prod"]
    texts = [format_message(message) for message in world.slack.messages(world.alice.dm)]
    assert any("requested by alice's agent (release-bot)" in text for text in texts)
    assert "Approved by bob: deploy-prod#1 has started." in "".join(texts)
