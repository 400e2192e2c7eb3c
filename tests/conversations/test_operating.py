"""What operators ask and switch: status, read-only, what was set aside, the audit."""

from __future__ import annotations

import io
import json

import sqlalchemy as sa

from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.cli import audit_export, inbox_admin
from bot.store.tables import deliveries as table
from simulators.slack.person import Person
from tests.conversations.acts import asks, started
from tests.conversations.world import World


async def says(world: World, person: Person, words: str) -> None:
    """Something that is answered in public."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(3)


async def test_status_tells_how_it_stands(world: World) -> None:
    """Bob asks how the bot is doing: webhooks, budget, queues and the writer are told to him alone."""
    assert "none seen yet" in await asks(world, world.bob, "status")
    await started(world, "web")
    said = await asks(world, world.bob, "status")
    assert "none seen yet" not in said
    for words in ("requests left this minute", "Inbox", "Set aside", "1, 0 in doubt", "the only one"):
        assert words in said
    assert len(world.slack.messages(world.deploys)) == 1


async def test_read_only_stops_writes_and_keeps_cards_alive(world: World) -> None:
    """Alice stops all writes: Bob's build is refused with her name, a running build's card goes on; then not."""
    await started(world, "web")
    card = world.card()
    await says(world, world.alice, "readonly on")
    assert "alice has stopped all writes" in await asks(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 1
    world.buildkite.run_build(world.buildkite.builds[0])
    await world.settle(5)
    assert "Passed" in card.plain()
    assert "stopped by alice" in await asks(world, world.bob, "status")
    await says(world, world.alice, "readonly off")
    await says(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 2


async def test_read_only_is_for_admins(world: World) -> None:
    """Bob, a member, cannot stop the writes."""
    assert "admins" in await asks(world, world.bob, "readonly on")
    await says(world, world.bob, "build create api")
    assert len(world.buildkite.builds) == 1


async def test_what_was_set_aside_is_listed_read_again_and_forgotten(world: World) -> None:
    """An operator sees why a webhook was set aside, has it read again, and forgets it."""
    broken = Delivery("build.running", b'{"event":"build.running"}', "d-1", world.clock.now())
    await insert_deliveries(world.bot.store, [broken])
    await world.bot.inbox.tick()
    said: list[str] = []
    await inbox_admin.print_unreadable(world.settings, said.append)
    assert said[0].split("\t")[1] == "build.running"
    assert "1" in await asks(world, world.bob, "status")
    await inbox_admin.retry_rows(world.settings, [], said.append, everything=True)
    assert said[-1] == "1 delivery will be read again."
    assert await _states(world) == ["new"]
    await world.settle(3)
    assert await _states(world) == ["aside"]
    await inbox_admin.drop_rows(world.settings, [1], said.append, everything=False)
    await inbox_admin.print_unreadable(world.settings, said.append)
    assert said[-2:] == ["1 delivery deleted.", "No deliveries were set aside."]


async def _states(world: World) -> list[str]:
    async with world.bot.store.read() as tx:
        return list(await tx.scalars(sa.select(table.c.state)))


async def test_the_audit_has_who_did_what_and_no_values(world: World) -> None:
    """A build with a secret value, and a refusal: both are in the audit, the value is nowhere in it."""
    await says(world, world.bob, "build create web -e TOKEN=hunter2")
    await asks(world, world.gwen, "build create web")
    said = await asks(world, world.alice, "audit --since 1h")
    assert "build create" in said
    assert "refused" in said
    out, told = io.StringIO(), []
    await audit_export.export_audit(world.settings, out, told.append, until=None, prune=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {"done", "refused"} <= {line["transition"] for line in lines}
    assert any(line["detail"].get("args", {}).get("env") == ["TOKEN"] for line in lines)
    assert "hunter2" not in out.getvalue()
    assert told == [f"{len(lines)} entries written, and deleted from the database."]
    assert "No entries about api." in await asks(world, world.alice, "audit --pipeline api")
