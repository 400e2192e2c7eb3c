"""Operators' commands: status, read-only mode, unreadable webhooks, the audit."""

from __future__ import annotations

import io
import json

import pytest
import sqlalchemy as sa
from inline_snapshot import snapshot

from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.cli import audit_export, inbox_admin
from bot.errors import UsageError
from bot.store.tables import deliveries as table
from simulators.slack.person import Person
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World


async def ask_publicly(world: World, person: Person, words: str) -> None:
    """Return the public answer to a command."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(3)


async def test_status_is_private_and_complete(world: World) -> None:
    """Alice, an admin, asks for the status: webhooks, budget, queues and the leader are shown to her alone."""
    assert "none yet, so builds are polled" in await ask_privately(world, world.alice, "status")
    await start_build(world, "web")
    status = await ask_privately(world, world.alice, "status")
    assert "none yet" not in status
    for words in ("requests left this minute", "Inbox", "Set aside", "1, 0 unconfirmed", "the only one"):
        assert words in status
    assert len(world.slack.messages(world.deploys)) == 1


async def test_the_queues_are_for_operators(world: World) -> None:
    """Bob, a member, sees what concerns him; in a build's thread, `status` shows that build."""
    assert await ask_privately(world, world.bob, "status") == snapshot("""\
*Bot status*
*Version*
0.1.0
*Changes in Buildkite*
allowed
*Last webhook*
none yet, so builds are polled
To see a build's status, ask in its thread.\
""")
    await start_build(world, "web")
    assert await ask_privately(world, world.bob, "status", world.card()) == snapshot("""\
🕒 web#1 scheduled
*Branch*
`main`
*Commit*
`HEAD`
*Started by*
alice
*Time*
created 2026-11-02 09:00 UTC
*Source*
api
0 of 4 jobs done · 4 waiting
[Cancel]\
""")


async def test_read_only_stops_writes_and_keeps_cards_alive(world: World) -> None:
    """Alice turns on read-only mode: Bob's build is refused with her name, while cards keep updating."""
    await start_build(world, "web")
    card = world.card()
    await ask_publicly(world, world.alice, "readonly on")
    assert "alice has turned on read-only mode" in await ask_privately(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 1
    world.buildkite.run_build(world.buildkite.builds[0])
    await world.settle(5)
    assert " passed on " in card.plain()
    assert "stopped by alice" in await ask_privately(world, world.bob, "status")
    await ask_publicly(world, world.alice, "readonly off")
    await ask_publicly(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 2


async def test_read_only_is_for_admins(world: World) -> None:
    """Bob, a member, can't turn on read-only mode."""
    assert "admins" in await ask_privately(world, world.bob, "readonly on")
    await ask_publicly(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 1


async def test_unreadable_webhooks_are_listed_retried_and_discarded(world: World) -> None:
    """An operator sees why a webhook was set aside, has it read again, and discards it."""
    broken = Delivery("build.running", b'{"event":"build.running"}', "d-1", world.clock.now())
    async with world.bot.platform.store.write_directly() as driver:
        await insert_deliveries(driver, [broken])
    await world.bot.workspace.readers.inbox.tick()
    printed: list[str] = []
    await inbox_admin.print_unreadable(world.settings, printed.append)
    assert printed[0].split("\t")[1] == "build.running"
    assert "1" in await ask_privately(world, world.alice, "status")
    await inbox_admin.retry_rows(world.settings, [], printed.append, everything=True)
    assert printed[-1] == "1 delivery will be read again."
    assert await _states(world) == ["new"]
    await world.settle(3)
    assert await _states(world) == ["aside"]
    with pytest.raises(UsageError, match="Not set aside: 7"):
        await inbox_admin.drop_rows(world.settings, [1, 7], printed.append, everything=False)
    assert await _states(world) == ["aside"]
    await inbox_admin.drop_rows(world.settings, [1], printed.append, everything=False)
    await inbox_admin.print_unreadable(world.settings, printed.append)
    assert printed[-2:] == ["1 delivery deleted.", "No deliveries were set aside."]


async def _states(world: World) -> list[str]:
    async with world.bot.platform.store.read() as tx:
        return list(await tx.scalars(sa.select(table.c.state)))


async def test_the_audit_has_who_did_what_and_no_values(world: World) -> None:
    """A build with a secret value and a refusal are in the audit; the value is nowhere in it."""
    await ask_publicly(world, world.bob, "build create web -e TOKEN=hunter2")
    await ask_privately(world, world.gwen, "build create web")
    answer = await ask_privately(world, world.alice, "audit --since 1h")
    assert "build create" in answer
    assert "refused" in answer
    out, printed = io.StringIO(), []
    await audit_export.export_audit(world.settings, out, printed.append, until=None, prune=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {"done", "refused"} <= {line["transition"] for line in lines}
    assert any(line["detail"].get("args", {}).get("env") == ["TOKEN"] for line in lines)
    assert "hunter2" not in out.getvalue()
    assert printed == [f"{len(lines)} entries written, and deleted from the database."]
    assert "No entries about api." in await ask_privately(world, world.alice, "audit --pipeline api")
