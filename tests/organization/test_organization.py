"""Commands for teams, templates, rules, emoji and webhook addresses."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World, open_world
from tests.identity.connecting import connect_alice


async def test_organizations_are_listed_and_ours_is_shown(world: World) -> None:
    """Visible organizations are listed with the one in use marked; `org` is short for it, as in `bk`."""
    words = ("admin organizations", "admin organization view", "organization list")
    assert [await ask_privately(world, world.bob, reply) for reply in words] == snapshot(
        [
            """\
1 organization
Organization · Slug · In use · Since
Acme Inc · acme-inc · yes · 2026-11-02 09:00 UTC\
""",
            """\
I work in Acme Inc.
*Slug*
`acme-inc`
*Since*
2026-11-02 09:00 UTC
*Id*
`e3e70682-c209-4cac-a29f-6fbed82c07cd`\
""",
            """\
1 organization
Organization · Slug · In use · Since
Acme Inc · acme-inc · yes · 2026-11-02 09:00 UTC\
""",
        ]
    )


async def test_teams_are_listed(world: World) -> None:
    """Teams have name, slug and privacy; secret ones are listed only with the person's own token."""
    world.buildkite.documents_of("team")[1]["privacy"] = "secret"
    assert await ask_privately(world, world.alice, "admin teams") == snapshot("""\
1 team
Team · Slug · Privacy · Default
Everyone · everyone · visible · yes
1 secret team is hidden. Connect your own token (/bk connect) to see the teams you may see.\
""")
    await connect_alice(world)
    assert await ask_privately(world, world.alice, "admin teams") == snapshot("""\
2 teams
Team · Slug · Privacy · Default
Everyone · everyone · visible · yes
Release captains · release-captains · secret · –\
""")


@pytest.mark.parametrize("noun", ["team", "template", "rule", "emoji"])
async def test_an_empty_list_says_so(world: World, noun: str) -> None:
    """An empty list is a sentence that says what there is none of."""
    world.buildkite.documents_of(noun).clear()
    expected = {
        "team": snapshot("There are no teams."),
        "template": snapshot("""\
There are no pipeline templates.
Templates require Buildkite's Enterprise plan.\
"""),
        "rule": snapshot(
            "There are no rules, so pipelines in different clusters can't trigger each other or share artifacts."
        ),
        "emoji": snapshot("There are no emoji."),
    }
    assert await ask_privately(world, world.bob, f"{noun} list") == expected[noun]


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize(
    ("noun", "scope"),
    [
        ("team", "read_teams"),
        ("template", "read_pipeline_templates"),
        ("rule", "read_rules"),
        ("org", "read_organizations"),
        ("token", "read_clusters"),
    ],
)
async def test_a_missing_scope_is_named(world: World, noun: str, scope: str) -> None:
    """Instead of an empty list, the error quotes Buildkite and names the missing scope."""
    world.buildkite.scopes -= {scope}
    assert await ask_privately(world, world.alice, f"{noun} list") == (
        f"⚠️ Buildkite refused: Your access token doesn't have the {scope} scope\n"
        f"Ask the bot's operator to add the {scope} scope to the API token."
    )


async def test_templates_are_listed(world: World) -> None:
    """Templates have name, description and audience, but not their configuration."""
    assert await ask_privately(world, world.bob, "admin templates") == snapshot("""\
1 template
Template · Description · Available to · Updated
Service · Build, test, deploy · everyone · 2026-11-02 09:00 UTC\
""")


async def test_rules_are_listed_in_words(world: World) -> None:
    """Pipelines have their slugs, hidden ones their ids; an unknown kind of rule has its type."""
    first = world.buildkite.documents_of("rule")[0]
    odd = {**first, "uuid": world.buildkite.new_id(), "type": "pipeline.new.pipeline", "target_uuid": "0198-gone"}
    read = {**first, "uuid": world.buildkite.new_id(), "type": "pipeline.artifacts_read.pipeline"}
    world.buildkite.documents_of("rule").extend([odd, read])
    assert await ask_privately(world, world.bob, "admin rules") == snapshot("""\
3 rules
Pipeline · Rule · Target pipeline · Created
web · may read artifacts of · mobile · 2026-11-02 09:00 UTC
web · may trigger builds of · mobile · 2026-11-02 09:00 UTC
web · pipeline.new.pipeline · 0198-gone · 2026-11-02 09:00 UTC\
""")


async def test_emoji_are_found_by_part_of_a_name(world: World) -> None:
    """Emoji are found by name or alias, or only the organization's own."""
    words = (
        "admin emoji list",
        "admin emoji list :squir",
        "admin emoji list --custom",
        "admin emoji list nonesuch",
    )
    assert [await ask_privately(world, world.bob, reply) for reply in words] == snapshot(
        [
            """\
2 emoji
Emoji · Code · Aliases · Kind
🚀 · :rocket: · – · standard
– · :shipit: · :squirrel: · custom\
""",
            """\
1 emoji with “:squir” in the name
Code · Aliases · Kind
:shipit: · :squirrel: · custom\
""",
            """\
1 emoji added by the organization
Code · Aliases · Kind
:shipit: · :squirrel: · custom\
""",
            """\
There are no emoji with “nonesuch” in the name.
You can search by any part of a name or alias.\
""",
        ]
    )


async def test_webhook_addresses_without_an_allow_list(world: World) -> None:
    """Buildkite's addresses are listed, with a note that the allow-list is off."""
    assert await ask_privately(world, world.bob, "admin meta") == snapshot("""\
*Addresses of Buildkite's webhooks*
`192.0.2.0/24`
`198.51.100.12`
My allow-list is off: webhooks are checked only by their signature or token.
To turn it on, set `BUILDKITE_WEBHOOK_ALLOWLIST=meta`.\
""")


async def test_webhook_addresses_and_the_allow_list(tmp_path: Path) -> None:
    """The reply says whether the allow-list admits the addresses that Buildkite lists now."""
    async with open_world(tmp_path, webhooks=False, allowlist="meta") as world:
        replies = [await ask_privately(world, world.bob, "admin meta")]
        assert world.bot.workspace.deps.buildkite.allowlist is not None
        await world.bot.workspace.deps.buildkite.allowlist.tick()
        replies.append(await ask_privately(world, world.bob, "admin meta"))
        world.buildkite.webhook_ips = ["192.0.2.0/24", "203.0.113.7"]
        replies.append(await ask_privately(world, world.bob, "admin meta"))
    assert [reply.split("\n")[-1].split(": ") for reply in replies] == snapshot(
        [
            [
                "My allow-list is on, but I haven't read it yet. "
                "Until then I reject webhooks, and Buildkite sends them again."
            ],
            ["✅ My allow-list admits exactly these addresses."],
            [
                "⚠️ My allow-list differs",
                "it's missing `203.0.113.7/32`; it still has `198.51.100.12/32`. I read it again every hour.",
            ],
        ]
    )
