"""Commands that a token can't run because a scope is missing."""

from __future__ import annotations

from pathlib import Path

from bot.operations.registry import Registry
from bot.operations.token_scopes import TOKEN_SCOPES, find_missing_scopes
from commands import registry
from simulators.buildkite.scopes import ALL_SCOPES
from tests.matrix.acting import settle_all
from tests.matrix.cast import SHOP, open_cast
from tests.matrix.scenes import PROPS, SCENES


def test_every_scope_is_needed_by_a_command() -> None:
    """Each scope that this bot knows is declared by a command."""
    assert [scope for scope, names in registry().commands_by_scope.items() if not names] == []


def test_only_missing_scopes_are_named() -> None:
    """With all scopes nothing is named; without one, the commands that need it are."""
    operations = registry()
    assert find_missing_scopes(TOKEN_SCOPES, operations.commands_by_scope) == ()
    without_teams = set(TOKEN_SCOPES) - {"read_teams"}
    assert find_missing_scopes(without_teams, operations.commands_by_scope) == (
        ("read_teams", ("admin team list",)),
    )
    only_user = Registry([operations["admin user"], operations["help"]])
    assert find_missing_scopes((), only_user.commands_by_scope) == (("read_user", ("admin user",)),)


async def test_commands_fail_without_their_scope(tmp_path: Path) -> None:
    """Run by an admin with a token without its scope, each command is refused with the scope's name."""
    wrong: list[tuple[str, str, str]] = []
    async with open_cast(tmp_path, policy=False) as cast:
        world = cast.world
        for scope, names in registry().commands_by_scope.items():
            for name in [name for name in names if name in SCENES and scope in ALL_SCOPES]:
                scene = SCENES[name]
                props = await PROPS[scene.props](cast, SHOP)
                world.clock.advance(1000)
                world.buildkite.scopes -= {scope}
                await cast.alice.types(world.deploys, f"/bk {scene.words.format(pipeline=SHOP, **vars(props))}")
                await settle_all(world)
                world.buildkite.scopes |= {scope}
                reply = world.whispers(cast.alice)[-1]
                wrong += [] if f"add the {scope} scope to" in reply else [(scope, name, reply)]
    assert wrong == []
