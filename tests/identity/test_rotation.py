"""The key that encrypts can be changed: everything comes under the new one, and the old one can go."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.app.bot import build_bot
from bot.cli.secret_rotation import rotate
from bot.errors import KitestringError, Refused
from bot.settings import Settings, load_settings
from bot.store.vault import Vault
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, make_environment
from tests.identity.connecting import ALICE, connect_alice

TEAM = "T0BUILD01"
NEW = Fernet.generate_key().decode()


def make_settings(world: World, folder: Path, *keys: str) -> Settings:
    """Return the settings with these keys, newest first."""
    answer = make_environment(world.slack, world.buildkite, folder)
    return load_settings(answer | {"KITESTRING_SECRET_KEY": ",".join(keys)})


def read_old_key(folder: Path) -> str:
    """The key that was made beside the database."""
    return (folder / "kitestring.db.key").read_text().strip()


async def find_account_name(world: World, settings: Settings) -> str | None:
    """Return the account that a bot with these settings uses for Alice."""
    async with build_bot(settings, world.clock) as bot:
        own = await bot.workspace.interaction.accounts.find_access(TEAM, world.alice.id)
        user = (await own.buildkite.access_token()).user if own else None
        return user.name if user else None


async def test_older_keys_still_open_and_the_newest_seals(world: World, tmp_path: Path) -> None:
    """With both keys the token works at once, before re-encryption."""
    await connect_alice(world)
    assert await find_account_name(world, make_settings(world, tmp_path, NEW, read_old_key(tmp_path))) == ALICE


async def test_after_rotate_the_old_key_can_be_removed(world: World, tmp_path: Path) -> None:
    """`kitestring rotate` re-encrypts tokens and choices; then the old key can be removed."""
    await connect_alice(world)
    await ask_privately(world, world.bob, "build cancel web")
    await world.bob.types(world.deploys, "/bk build create")
    await world.settle(2)
    answer: list[str] = []
    await rotate(make_settings(world, tmp_path, NEW, read_old_key(tmp_path)), answer.append)
    assert "re-encrypted" in answer[0]
    assert not answer[0].startswith("0 ")
    assert await find_account_name(world, make_settings(world, tmp_path, NEW)) == ALICE
    await rotate(make_settings(world, tmp_path, NEW, read_old_key(tmp_path)), answer.append)
    assert answer[1].startswith("0 ")


async def test_a_start_with_two_keys_seals_anew_by_itself(world: World, tmp_path: Path) -> None:
    """The first upkeep after a start with several keys does the same."""
    await connect_alice(world)
    async with build_bot(make_settings(world, tmp_path, NEW, read_old_key(tmp_path)), world.clock) as bot:
        assert await bot.workspace.maintenance.account_upkeep.tick() > 0
    assert await find_account_name(world, make_settings(world, tmp_path, NEW)) == ALICE


async def test_without_its_key_a_token_is_refused_not_replaced(world: World, tmp_path: Path) -> None:
    """If the old key was removed too early, requests fail rather than use the bot's token."""
    await connect_alice(world)
    async with build_bot(make_settings(world, tmp_path, NEW), world.clock) as bot:
        with pytest.raises(Refused, match="can no longer read") as caught:
            await bot.workspace.interaction.accounts.find_access(TEAM, world.alice.id)
        assert "/bk connect" in caught.value.hint
        assert await bot.workspace.interaction.accounts.disconnect(TEAM, world.alice.id)


async def test_rotate_wants_the_keys(world: World) -> None:
    """Without the variable there is nothing to rotate to, and the sentence says how the file's key is named."""
    with pytest.raises(KitestringError, match="KITESTRING_SECRET_KEY isn't set"):
        await rotate(world.settings, lambda _: None)


def test_a_value_is_renewed_once() -> None:
    """Secrets under an older key are re-encrypted, those under the newest or an unknown key stay."""
    old, new, other = (Fernet.generate_key().decode() for _ in range(3))
    sealed = Vault((old,)).seal("made up")
    renewed = Vault((new, old)).reseal(sealed)
    assert renewed is not None
    assert Vault((new,)).open(renewed) == "made up"
    assert Vault((new, old)).reseal(renewed) is None
    assert Vault((other,)).reseal(sealed) is None
