# ruff: noqa: E501  (what people read is pinned as it is)
"""People make API tokens by a form, see them once, list and revoke them; admins everyone's."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from inline_snapshot import snapshot

from bot.cli.api_tokens import create_token, print_tokens, revoke_token
from bot.errors import NotFound, Unauthorized, UsageError
from bot.store.tables_people import api_tokens
from tests.api_tokens.acts import get_tokens, make_token, read_audit, submit_form
from tests.conversations.acts import ask_privately
from tests.conversations.world import World
from tests.home.test_home import open_home
from tests.identity.connecting import read_database

MINE = "U0BOB0001"


async def test_a_token_is_shown_once(world: World, tmp_path: Path) -> None:
    """The form's place takes the token; no message has it, and the database only its SHA-256."""
    await world.bob.types(world.deploys, "/bk api-token create")
    await world.settle(1)
    assert world.slack.modals_of(world.bob)[-1].plain() == snapshot("""\
# Create API token
A program with this token acts as you: with your rights at that moment, and no more than you leave it here. It can't approve requests, connect accounts or manage tokens. It's shown once, when you send this form.
Name: [release-bot]
Permissions: []
Pipelines: [Type to search]
Channel for announcements: []
Expires in: [90d]
Service: [For admins: the program has a policy group of its own, service:NAME, and none of your rights]
[Create API token]\
""")
    await world.bob.closes()
    raw = await make_token(world, world.bob, Permissions=["read", "build"], Pipelines=["web"])
    assert world.slack.modals_of(world.bob) == []
    assert world.whispers(world.bob)[-1] == snapshot(
        "You created the API token `release-bot`: build, read on `web`. It expires 2027-01-31 09:00 UTC. Revoke it with `/bk api-token revoke release-bot`."
    )
    assert raw not in world.transcript() + "".join(world.whispers(world.bob))
    stored = read_database(tmp_path)
    assert raw.encode() not in stored
    assert hashlib.sha256(raw.encode()).hexdigest().encode() in stored
    token = await get_tokens(world).authenticate(raw)
    assert (token.name, token.owner, token.service, token.pipelines) == ("release-bot", MINE, None, ("web",))
    assert token.permissions == {"read", "build"}
    assert token.expires_at - token.created_at == timedelta(days=90)
    assert [row[:2] for row in await read_audit(world, "api-token create")] == [
        ("api-token create", "created"),
        ("api-token create", "done"),
    ]


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        (
            {"Name": "release bot"},
            snapshot({"name": "Name: “release bot” doesn't have the right form. Write it like “release-bot”."}),
        ),
        ({"Name": "r", "Expires in": "400d"}, snapshot({"expires": "Expires in: it can be 365d at most."})),
        (
            {"Name": "r", "Service": "release-bot"},
            snapshot({"service": "Only admins make tokens for services. Leave this empty, or ask an admin."}),
        ),
        (
            {"Name": "taken"},
            snapshot(
                {"name": "There is a valid API token taken already. Revoke it first, or choose another name."}
            ),
        ),
        (
            {"Name": "r", "Channel for announcements": "C0ELSEWHERE"},
            snapshot({"channel": "You aren't in that channel, or I'm not. Choose one that we're both in."}),
        ),
    ],
)
async def test_mistakes_stand_in_the_form(world: World, values: dict[str, Any], mistake: dict[str, str]) -> None:
    """A name that can't be, a time beyond a year, a service by a member, a name in use, a channel of others."""
    world.slack.channel("C0ELSEWHERE", "elsewhere", members=[world.alice.id], private=True)
    await make_token(world, world.bob, "taken")
    await submit_form(world, world.bob, values)
    assert world.slack.modals_of(world.bob)[-1].errors == mistake


async def test_guests_and_typed_arguments_get_none(world: World) -> None:
    """A guest may do nothing, so nothing in their name either; what is typed is in the message for all to see."""
    assert await ask_privately(world, world.gwen, "api-token create") == snapshot("""\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or the platform team to make you a full member.\
""")
    assert await ask_privately(world, world.bob, "api-token create release-bot") == snapshot(
        "⚠️ An API token is shown once, in a form. Send just `api-token create`."
    )
    assert await get_tokens_of_all(world) == 0


async def get_tokens_of_all(world: World) -> int:
    """Return the number of tokens ever made."""
    async with world.bot.platform.store.read() as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(api_tokens)) or 0


async def test_a_person_lists_and_revokes_their_tokens(world: World) -> None:
    """By name, after a question; from then on the token is refused, and admins see who did it."""
    raw = await make_token(world, world.bob)
    await make_token(world, world.alice, "mine")
    listed = await ask_privately(world, world.bob, "api-token list")
    assert re.sub(r"\b[0-9a-f]{10}\b", "0123456789", listed) == snapshot("""\
Valid API tokens, newest first
Name · Id · Owner · May · Announced in · Expires · Last used
release-bot · 0123456789 · <@U0BOB0001> · everything its owner may · nowhere · 2027-01-31 09:00 UTC · never\
""")
    assert await ask_privately(world, world.bob, "api-token revoke mine") == snapshot("""\
⚠️ There's no valid API token with that name or id.
`api-token list` shows them.\
""")
    assert await ask_privately(world, world.bob, "api-token revoke release-bot") == snapshot("""\
Revoke your API token `release-bot`? Programs that use it stop working at once.
[Revoke API token] [Never mind]\
""")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Revoke API token")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("Revoked your API token `release-bot`. It no longer works.")
    with pytest.raises(Unauthorized, match="release-bot was revoked"):
        await get_tokens(world).authenticate(raw)
    assert await ask_privately(world, world.bob, "api-token list") == snapshot("""\
No valid API tokens.
Create one with `/bk api-token create`.\
""")
    assert await ask_privately(world, world.bob, "api-token revoke release-bot --yes") == snapshot("""\
⚠️ There's no valid API token with that name or id.
`api-token list` shows them.\
""")


async def test_an_admin_revokes_anyones(world: World) -> None:
    """Alice sees Bob's token and revokes it; the audit says whose it was."""
    raw = await make_token(world, world.bob)
    listed = await ask_privately(world, world.alice, "api-token list")
    assert "release-bot" in listed
    assert MINE in listed
    assert await ask_privately(world, world.alice, "api-token revoke release-bot --yes") == snapshot(
        "Revoked the API token `release-bot` of <@U0BOB0001>. It no longer works."
    )
    with pytest.raises(Unauthorized):
        await get_tokens(world).authenticate(raw)
    revoked = [
        detail for _, transition, detail in await read_audit(world, "api-token revoke") if transition == "revoked"
    ]
    assert [(detail["name"], detail["owner"]) for detail in revoked] == [("release-bot", MINE)]


async def test_tokens_stand_in_the_home(world: World) -> None:
    """The home lists a person's own tokens, makes more and revokes them."""
    raw = await make_token(world, world.bob)
    home = await open_home(world, world.bob)
    assert home[home.index("API tokens") :] == snapshot("""\
API tokens
Programs with an API token act as you, within its limits.
[Create]
*release-bot* · everything its owner may · expires 2027-01-31 09:00 UTC · last used: never
[Revoke]\
""")
    await world.bob.clicks(world.slack.home_of(world.bob), "Revoke")
    await world.settle(12)
    assert "release-bot" not in await open_home(world, world.bob)
    with pytest.raises(Unauthorized):
        await get_tokens(world).authenticate(raw)
    await world.bob.clicks(world.slack.home_of(world.bob), "Create")
    await world.settle(1)
    assert "Create API token" in world.slack.modals_of(world.bob)[-1].plain()


async def test_an_unusable_token_says_what_to_do(world: World) -> None:
    """Malformed, unknown, expired, of someone who left: each in a sentence of its own."""
    tokens, raw = get_tokens(world), await make_token(world, world.bob, **{"Expires in": "1d"})
    assert await explain(world, raw[:-1] + ("0" if raw[-1] != "0" else "1")) == snapshot(
        "That isn't an API token, or it was copied incompletely. Create one in Slack with `/bk api-token create`, and send it as a bearer token."
    )
    assert await explain(world, "hunter2") == await explain(world, raw.replace("kst_", "ghp_"))
    left = (await tokens.authenticate(raw)).expires_at - world.clock.now()
    world.clock.advance(left.total_seconds() - 1)
    await tokens.authenticate(raw)
    world.clock.advance(1)
    assert await explain(world, raw) == snapshot(
        "The API token release-bot has expired. Create one in Slack with `/bk api-token create`, and send it as a bearer token."
    )
    other = await make_token(world, world.bob, "other")
    world.bob.profile.deleted = True
    world.clock.advance(61)
    assert await explain(world, other) == snapshot(
        "The API token other belongs to someone who is no longer in the workspace. Use a token of someone who is, or ask an admin for a service token."
    )


async def explain(world: World, raw: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(Unauthorized) as refused:
        await get_tokens(world).authenticate(raw)
    return str(refused.value)


async def test_the_last_use_is_noted_once_a_minute(world: World) -> None:
    """Many calls write it at most once a minute."""
    raw, tokens = await make_token(world, world.bob), get_tokens(world)
    await tokens.authenticate(raw)
    first = world.clock.now()
    world.clock.advance(59)
    assert (await tokens.authenticate(raw)).used_at == first
    assert (await tokens.authenticate(raw)).used_at == first
    world.clock.advance(2)
    await tokens.authenticate(raw)
    assert (await tokens.authenticate(raw)).used_at == world.clock.now()


async def test_the_console_manages_tokens(world: World) -> None:
    """On the host: create one for a service, list, revoke; what is wrong is said in a sentence."""
    out: list[str] = []
    settings, clock = world.settings, world.clock
    with pytest.raises(UsageError, match="Pass --owner or --service"):
        await create_token(settings, clock, out.append, None, {"name": "nightly"})
    with pytest.raises(UsageError, match="permissions"):
        await create_token(settings, clock, out.append, MINE, {"name": "nightly", "permissions": ("buidl",)})
    given = {"name": "nightly", "service": "release-bot", "pipelines": ("web",), "permissions": ("build",)}
    await create_token(settings, clock, out.append, None, given)
    token = await get_tokens(world).authenticate(out.pop())
    await print_tokens(settings, clock, out.append)
    assert out.pop() == f"{token.id}\tnightly\tservice:release-bot\tbuild\tweb\t2027-01-31\t2026-11-02 09:00"
    await revoke_token(settings, clock, out.append, "nightly")
    assert out.pop() == f"Revoked nightly ({token.id})."
    with pytest.raises(NotFound):
        await revoke_token(settings, clock, out.append, "nightly")
    await print_tokens(settings, clock, out.append)
    assert out == ["No valid API tokens."]
    assert [row[1] for row in await read_audit(world, "api-token create", "api-token revoke")] == [
        "created",
        "revoked",
    ]
