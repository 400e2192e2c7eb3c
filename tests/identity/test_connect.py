# ruff: noqa: E501  (what people read is pinned as it is)
"""A person connects a Buildkite token of their own: by a form, which tells what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from inline_snapshot import snapshot

from bot.store.tables import choices, invocations
from bot.store.tables_people import audit, tokens
from tests.conversations.acts import ask_privately
from tests.conversations.world import World
from tests.identity.connecting import (
    ALICE,
    LABEL,
    SECRET,
    connect_alice,
    list_requests_of_token,
    open_connect_form,
    read_database,
    read_whoami_line,
    submit_token,
)


async def count_rows(world: World, table: sa.Table) -> int:
    """Return the number of rows in a table."""
    async with world.bot.platform.store.read() as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_the_form_explains_the_use_of_the_token(world: World) -> None:
    """`/bk connect` opens a form with one input, and tells before anything is pasted what becomes of it."""
    assert await open_connect_form(world, world.alice) == snapshot("""\
# Connect
Create a token under your API access tokens, with the scopes for what you want to do here: `read_builds` (viewing builds), `write_builds` (starting, canceling, retrying and unblocking builds), `read_pipelines` (finding pipelines by name), `read_build_logs` (reading logs), `read_artifacts` (reading artifacts), `read_agents` (viewing agents), `write_agents` (pausing and stopping agents). Once it's connected, I act in Buildkite as you: with your permissions, and only where our own policy allows it too. I store the token encrypted, never show it to anyone, and delete it when you disconnect.
Your Buildkite API token: [bkua_…]
[Connect]\
""")


async def test_a_person_connects_and_sees_the_account(world: World) -> None:
    """The token is checked with Buildkite and saved; whoami shows its user, date and scopes."""
    world.buildkite.person(ALICE, "alice@acme.example")
    world.buildkite.personal_token(ALICE, SECRET)
    assert await read_whoami_line(world, world.alice, "Your own token") == snapshot(
        "not connected (`/bk connect`)"
    )
    ack = await submit_token(world, world.alice, SECRET)
    assert ack.body in ("", {}, None)
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot("""\
You're connected and act in Buildkite as Alice Okafor (alice@acme.example).
The token expires 2026-11-09 09:00 UTC.\
""")
    assert await read_whoami_line(world, world.alice, "Your own token") == snapshot(
        "connected as Alice Okafor (alice@acme.example) since 2026-11-02 09:00 UTC, expires 2026-11-09 09:00 UTC; scopes: read_accounts, read_agents, read_artifacts, read_build_logs, read_builds, read_clusters, read_job_env, read_notification_services, read_organization_invitations, read_organization_settings, read_organizations, read_pipeline_templates, read_pipelines, read_rules, read_teams, read_user, write_agents, write_artifacts, write_build_logs, write_builds, write_clusters, write_notification_services, write_organization_invitations, write_organization_settings, write_organizations, write_pipeline_templates, write_pipelines, write_rules, write_teams"
    )
    assert await read_whoami_line(world, world.alice, "I act in Buildkite as") == ALICE
    assert await read_whoami_line(world, world.bob, "Your own token") == snapshot("not connected (`/bk connect`)")


@pytest.mark.parametrize(
    ("secret", "answer"),
    [
        (
            "bkua_nobodys-token-at-all",
            snapshot(
                "Buildkite doesn't accept this token. It's wrong, revoked or expired. Check it, or create a new one."
            ),
        ),
        (
            "not a token",
            snapshot("That isn't an API access token. It's a single word that starts with bkua_. Copy all of it."),
        ),
        (
            "bkua_of-elsewhere-123456",
            snapshot(
                "This token isn't for the organization acme-inc. Create one with that organization selected under Organization Access."
            ),
        ),
        (
            "bkua_sees-no-organization",
            snapshot(
                "I can't tell whether this token is for the organization acme-inc. Add the read_organizations scope to it."
            ),
        ),
    ],
)
async def test_a_token_that_will_not_do_is_refused_in_the_form(world: World, secret: str, answer: str) -> None:
    """A wrong token, one of another organization and one without the scope get different errors in the form."""
    world.buildkite.personal_token("Eve Adler", "bkua_of-elsewhere-123456", member=False)
    world.buildkite.personal_token("Al Gray", "bkua_sees-no-organization", without=["read_organizations"])
    ack = await submit_token(world, world.alice, secret)
    assert ack.body["errors"]["token"] == answer
    assert world.slack.modals_of(world.alice.id)
    assert await count_rows(world, tokens) == 0


async def test_nothing_is_kept_while_buildkite_is_down(world: World) -> None:
    """Buildkite answers 503: the form says so and stays open; once it is back the same form works."""
    world.buildkite.personal_token(ALICE, SECRET)
    world.buildkite.down = True
    ack = await submit_token(world, world.alice, SECRET)
    assert ack.body["errors"] == snapshot(
        {
            "token": "Buildkite is having trouble (it answered 503 Service Unavailable). Nothing was saved. Try again in a moment."
        }
    )
    assert await count_rows(world, tokens) == 0
    world.buildkite.down = False
    await world.alice.submits({LABEL: SECRET})
    await world.settle(2)
    assert "You're connected" in world.whispers(world.alice)[-1]


async def test_missing_scopes_are_named_and_accepted(world: World) -> None:
    """A token without some scopes is taken; the answer names what will not work, and whose address it has."""
    world.buildkite.personal_token(ALICE, SECRET, without=["write_builds", "read_build_logs", "read_user"])
    await submit_token(world, world.alice, SECRET)
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot("""\
You're connected and act in Buildkite as Alice Okafor (alice@example.com).
The token expires 2026-11-09 09:00 UTC.
Its e-mail address isn't the one you use in Slack (alice@acme.example).
⚠️ This token doesn't allow:
• starting, canceling, retrying and unblocking builds (needs `write_builds`)
• reading logs (needs `read_build_logs`)\
""")


@pytest.mark.parametrize("words", [f"connect {SECRET}", f"connect --token {SECRET}", f"connect --yes {SECRET}"])
async def test_a_typed_token_is_refused_and_nowhere_kept(world: World, tmp_path: Path, words: str) -> None:
    """A token in a command is not taken, not repeated and not written down: the advice is to revoke it."""
    world.buildkite.personal_token(ALICE, SECRET)
    await world.alice.types(world.deploys, f"/bk {words}")
    await world.settle(2)
    answer = world.whispers(world.alice)[-1]
    assert "Revoke that one now" in answer
    await world.alice.posts(world.deploys, f"@kitestring {words}")
    await world.settle(2)
    assert SECRET not in answer + world.whispers(world.alice)[-1]
    assert await count_rows(world, invocations) == await count_rows(world, tokens) == 0
    assert SECRET.encode() not in read_database(tmp_path)
    assert not list_requests_of_token(world, ALICE)


async def test_a_misspelt_command_repeats_no_token(world: World) -> None:
    """An error message never quotes a token."""
    for words in (SECRET, f"conect {SECRET}", f"build {SECRET}", f"job list {SECRET} {SECRET} {SECRET}"):
        await world.alice.types(world.deploys, f"/bk {words}")
        await world.settle(1)
    answer = "\n".join(world.whispers(world.alice))
    assert "•••" in answer
    assert SECRET not in answer


async def test_a_mention_gets_a_button_for_the_form(world: World) -> None:
    """A mention gets a button for the form, which works only for the requester."""
    world.buildkite.personal_token(ALICE, SECRET)
    await world.alice.posts(world.deploys, "@kitestring connect")
    await world.settle(1)
    button = world.slack.ephemerals(world.alice)[-1]
    await world.alice.clicks(button, "Connect")
    await world.settle(1)
    await world.alice.submits({LABEL: SECRET})
    await world.settle(2)
    assert "You're connected" in world.whispers(world.alice)[-1]


async def test_the_token_is_written_down_sealed_only(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither database, audit, journal, logs, messages nor what is asked of Slack hold the token in clear."""
    await connect_alice(world)
    await ask_privately(world, world.alice, "build create web")
    await world.settle(5)
    async with world.bot.platform.store.read() as tx:
        noted = [dict(row) for row in (await tx.execute(sa.select(audit))).mappings()]
        kept = [
            dict(row)
            for table in (choices, invocations)
            for row in (await tx.execute(sa.select(table))).mappings()
        ]
    assert [(row["operation"], row["transition"]) for row in noted if row["operation"] == "connect"] == [
        ("connect", "connected"),
        ("connect", "done"),
    ]
    output = capfd.readouterr()
    seen = f"{noted}{kept}{world.transcript()}{world.slack.calls}{output.out}{output.err}"
    assert SECRET not in seen
    assert SECRET.encode() not in read_database(tmp_path)


async def test_a_new_token_takes_the_place_of_the_old_one(world: World) -> None:
    """Connecting again replaces the token."""
    await connect_alice(world)
    other = "bkua_another-made-up-9876543210"
    world.buildkite.personal_token(ALICE, other)
    world.buildkite.tokens[SECRET].revoked = True
    await submit_token(world, world.alice, other)
    await world.settle(2)
    assert await read_whoami_line(world, world.alice, "I act in Buildkite as") == ALICE
    assert await count_rows(world, tokens) == 1


async def test_disconnecting_deletes_the_token_and_says_how_to_revoke_it(world: World) -> None:
    """The row is deleted, the bot's token is used again, and the answer says where to revoke the old token."""
    await connect_alice(world)
    assert await ask_privately(world, world.alice, "disconnect") == snapshot(
        "Disconnected: I deleted your token and use my own again. Yours stays valid in Buildkite until you revoke it: your API access tokens."
    )
    assert await count_rows(world, tokens) == 0
    assert await read_whoami_line(world, world.alice, "I act in Buildkite as") == "Sam Kim"
    assert await ask_privately(world, world.alice, "disconnect") == snapshot(
        "You weren't connected. I use my own token for your requests."
    )


async def test_a_guest_gets_no_form(world: World) -> None:
    """A guest who may run nothing can't connect an account."""
    await world.gwen.types(world.deploys, "/bk connect")
    await world.settle(1)
    assert not world.slack.modals_of(world.gwen.id)
    assert "Guests of this workspace" in world.whispers(world.gwen)[-1]


async def test_a_form_of_another_person_connects_nothing(world: World) -> None:
    """A form that was opened for Alice is worth nothing in Bob's hands."""
    world.buildkite.personal_token(ALICE, SECRET)
    await open_connect_form(world, world.alice)
    await open_connect_form(world, world.bob)
    mine, his = world.slack.modals_of(world.alice.id)[-1], world.slack.modals_of(world.bob.id)[-1]
    his.source["private_metadata"] = mine.source["private_metadata"]
    ack = await world.bob.submits({LABEL: SECRET})
    assert "opened by another person" in ack.body["errors"]["token"]
    assert await count_rows(world, tokens) == 0


async def test_a_form_that_is_delivered_again_connects_nothing(world: World) -> None:
    """A form delivered again after `disconnect` is acknowledged, but doesn't save the token again."""
    world.buildkite.personal_token(ALICE, SECRET)
    first = await submit_token(world, world.alice, SECRET)
    sent = world.slack.delivery.last
    assert sent is not None
    await world.settle(2)
    await ask_privately(world, world.alice, "disconnect")
    noted, asked, whispers = (
        await count_rows(world, audit),
        len(list_requests_of_token(world, ALICE)),
        world.whispers(world.alice),
    )
    again = await world.slack.delivery.resend(sent)
    await world.settle(2)
    assert (again.status, again.body) == (200, first.body)
    assert await count_rows(world, tokens) == 0
    assert await count_rows(world, audit) == noted
    assert len(list_requests_of_token(world, ALICE)) == asked
    assert world.whispers(world.alice) == whispers
