"""Personal aliases for commands."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.slack.types import Actor, Standing
from tests.conversations.acts import read_created_build, start_build
from tests.conversations.world import World
from tests.people.acts import ask_and_read_answer

SHIP = "alias ship = build create deploy-prod -b main"


async def test_an_alias_runs_its_command(world: World) -> None:
    """Alice uses `ship` with extra words, by slash command and by mention, and its command runs."""
    assert await ask_and_read_answer(world, world.alice, SHIP) == snapshot(
        "Created your personal alias `ship`: `build create deploy-prod -b main`"
    )
    await world.alice.types(world.deploys, '/bk ship -m "Ship to islands & sea" -e TARGET=eu')
    await world.settle(3)
    body = read_created_build(world)
    assert (body["branch"], body["message"], body["env"]) == ("main", "Ship to islands & sea", {"TARGET": "eu"})
    await world.alice.posts(world.deploys, "@kitestring Ship")
    await world.settle(3)
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["deploy-prod", "deploy-prod"]


async def test_an_alias_belongs_to_one_person(world: World) -> None:
    """Alice's alias doesn't exist for Bob."""
    await ask_and_read_answer(world, world.alice, SHIP)
    assert await ask_and_read_answer(world, world.bob, "ship") == snapshot("⚠️ There's no pipeline “ship”.")
    assert not world.buildkite.builds


async def test_they_are_listed_changed_and_taken_back(world: World) -> None:
    """Alice sees her words, in help too, changes one, and takes them away by either command."""
    assert await ask_and_read_answer(world, world.alice, "alias") == snapshot(
        "You have no aliases. Create one: `/bk alias ship = build create web -b main`"
    )
    await ask_and_read_answer(world, world.alice, SHIP)
    assert await ask_and_read_answer(world, world.alice, "alias b = build") == snapshot(
        "Created your personal alias `b`: `build`"
    )
    assert await ask_and_read_answer(world, world.alice, "alias ship = build create web@release") == snapshot(
        "Changed alias `ship`: `build create web@release`"
    )
    assert await ask_and_read_answer(world, world.alice, "alias") == snapshot("""\
Your aliases: 2 of up to 50, each up to 300 characters long
Alias · Command
b · build
ship · build create web@release\
""")
    commands = await ask_and_read_answer(world, world.alice, "help more")
    assert "*Your aliases*\n`b` = `build`\n`ship` = `build create web@release`\n" in commands
    assert await ask_and_read_answer(world, world.alice, "alias ship") == snapshot(
        "`ship` runs `build create web@release`."
    )
    assert await ask_and_read_answer(world, world.alice, "alias --remove ship") == snapshot(
        "Removed alias `ship`. To restore it: `/bk alias ship = build create web@release`"
    )
    assert await ask_and_read_answer(world, world.alice, "unalias b") == snapshot(
        "Removed alias `b`. To restore it: `/bk alias b = build`"
    )
    assert await ask_and_read_answer(world, world.alice, "unalias shi") == snapshot("""\
⚠️ You have no alias `shi`.
See `/bk alias`.\
""")


@pytest.mark.exhaustive(keep=4)
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            "build = build create web",
            snapshot("""\
⚠️ `build` is already a command.
Choose another name.\
"""),
        ),
        (
            "cancel = build create web",
            snapshot("""\
⚠️ `cancel` is already a command.
Choose another name.\
"""),
        ),
        (
            "logs = build create web",
            snapshot("""\
⚠️ `logs` is already a command.
Choose another name.\
"""),
        ),
        (
            "Ship! = build create web",
            snapshot("""\
⚠️ `ship!` can't be the name of an alias.
Use a letter, then up to 29 letters, digits, `-` or `_`.\
"""),
        ),
        (
            "ship = biuld create web",
            snapshot("""\
⚠️ There's no command `biuld`.
Did you mean `build`?\
"""),
        ),
        (
            "ship = build crate web",
            snapshot("""\
⚠️ `build` has no `crate`.
Did you mean `create`?\
"""),
        ),
        (
            "ship = build cancel web 1 --yes",
            snapshot("⚠️ `--yes` can't be part of an alias: you confirm each time."),
        ),
        (
            "ship = build cancel -y",
            snapshot("⚠️ `--yes` can't be part of an alias: you confirm each time."),
        ),
        (
            "ship = build create web -e TOKEN=hunter2",
            snapshot("""\
⚠️ An alias can't contain environment variables (`-e`), because they may be secret.
Type them after the alias each time.\
"""),
        ),
        (
            "ship = can build create web -eTOKEN=hunter2",
            snapshot("""\
⚠️ An alias can't contain environment variables (`-e`), because they may be secret.
Type them after the alias each time.\
"""),
        ),
        ("ship = alias b = build", snapshot("⚠️ `alias` can't be used in an alias.")),
        (
            "ship build create web",
            snapshot("""\
⚠️ An alias is one word, then `=`, then a command.
Write it like `alias ship = build create web -b main`.\
"""),
        ),
        (
            "ship =",
            snapshot("""\
⚠️ `ship` needs a command after the `=`.
Write it like `alias ship = build create web -b main`.\
"""),
        ),
        (
            f"ship = build create web -m {'x' * 300}",
            snapshot("⚠️ That's 320 characters. The limit is 300."),
        ),
        (
            'ship = build create web -m "unfinished',
            snapshot("""\
⚠️ The quotation mark before `unfinished` isn't closed.
Close it or remove it.\
"""),
        ),
    ],
)
async def test_an_invalid_alias_is_explained(world: World, words: str, why: str) -> None:
    """A word of ours, no word, no command, a confirmation or a secret inside: quoted, with what to do instead."""
    assert await ask_and_read_answer(world, world.alice, f"alias {words}") == why
    assert "hunter2" not in world.transcript()
    assert (await ask_and_read_answer(world, world.alice, "alias")).startswith("You have no aliases")


async def test_an_alias_cannot_expand_to_an_alias(world: World) -> None:
    """Words of one's own are not looked up inside each other: there is no end that could be missed."""
    await ask_and_read_answer(world, world.alice, SHIP)
    assert await ask_and_read_answer(world, world.alice, "alias go = ship -m now") == snapshot("""\
⚠️ There's no command `ship`.
See `/bk help`.\
""")


async def test_there_are_fifty_at_most(world: World) -> None:
    """The fifty-first is refused; one that is there may still be changed."""
    alice = Actor(
        world.alice.id,
        "alice",
        world.bot.workspace.deps.slack.identity.team,
        Standing.ADMIN,
        world.deploys.id,
        "slash",
    )
    for number in range(50):
        await world.bot.workspace.interaction.services.person.aliases.define(alice, f"a{number}", "build list")
    assert await ask_and_read_answer(world, world.alice, "alias more = build list") == snapshot("""\
⚠️ You have 50 aliases already.
Remove one that you don't need.\
""")
    assert await ask_and_read_answer(world, world.alice, "alias a1 = agent list") == snapshot(
        "Changed alias `a1`: `agent list`"
    )


async def test_an_expanded_command_is_judged_as_usual(world: World) -> None:
    """Bob may not stop agents, whatever he calls it; Alice is asked before a build is canceled."""
    await ask_and_read_answer(world, world.bob, "alias halt = agent stop ci-linux-1")
    assert await ask_and_read_answer(world, world.bob, "halt --yes") == snapshot("""\
⚠️ `agent stop` is for workspace admins.
Ask a workspace admin to do it.\
""")
    await start_build(world)
    await ask_and_read_answer(world, world.alice, "alias oops = build cancel web")
    assert await ask_and_read_answer(world, world.alice, "oops 1") == snapshot("""\
Cancel web#1 on `main`? It is scheduled.
[Cancel build] [Never mind]\
""")


async def test_a_mistake_behind_it_names_it(world: World) -> None:
    """An error in the expanded command mentions that an alias is part of it."""
    await ask_and_read_answer(world, world.alice, SHIP)
    assert await ask_and_read_answer(world, world.alice, "ship --bracnh x") == snapshot("""\
⚠️ `build create` has no `--bracnh`.
Did you mean `--branch`? `ship` is your alias: see `/bk alias ship`.\
""")
