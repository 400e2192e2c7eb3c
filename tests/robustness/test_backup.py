"""The runbook's backup can be taken from a running bot and restored after the file was lost."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.app.bot import build_bot
from bot.settings import load_settings
from tests.conversations.world import make_environment, open_world


async def test_a_restored_backup_continues_its_cards(tmp_path: Path) -> None:
    """After a backup, a loss and a restore, the bot edits the card of a build that ended meanwhile."""
    async with open_world(tmp_path) as world:
        await world.alice.types(world.deploys, "/bk build create web -b main")
        await world.settle(3)
        card = world.card()
        with closing(sqlite3.connect(tmp_path / "kitestring.db")) as database:
            database.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")
        shutil.copy(tmp_path / "kitestring.db.key", tmp_path / "backup.db.key")
        world.buildkite.webhooks_off = True
        world.buildkite.run_build(world.buildkite.builds[0])
        restored = tmp_path / "restored"
        restored.mkdir()
        shutil.copy(tmp_path / "backup.db", restored / "kitestring.db")
        shutil.copy(tmp_path / "backup.db.key", restored / "kitestring.db.key")
        async with build_bot(
            load_settings(make_environment(world.slack, world.buildkite, restored)), world.clock
        ) as again:
            world.bot = again
            await world.settle(120, step=5)
        assert " passed on " in card.plain()
        assert len([message for message in world.slack.messages(world.deploys) if "web#1" in message.plain()]) == 1
