"""The bot sets up its own webhook in Buildkite."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import WEBHOOK_SECRET, World, format_message
from tests.provisioning.acts import find_bodies, find_reply, press, run_command
from tests.provisioning.conftest import ADDRESS
from webhooks.events import OPTIONAL_EVENTS, REQUIRED_EVENTS

URL = f"{ADDRESS}/buildkite/webhooks"


async def test_the_webhook_is_created_with_the_bots_settings(world: World) -> None:
    """Alice sets up the webhook with the bot's URL, token, mode and events; the token is never shown."""
    assert await run_command(world, world.alice, "admin service add") == snapshot(
        "alice created the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`"
    )
    assert find_bodies(world, "POST", "/services") == [
        {
            "provider": "webhook",
            "description": "Kitestring",
            "scope": "all",
            "settings": {
                "url": URL,
                "token": WEBHOOK_SECRET,
                "token_mode": "signature",
                "events": [*REQUIRED_EVENTS, *OPTIONAL_EVENTS],
                "tls_verify": True,
            },
        }
    ]
    assert await ask_privately(world, world.alice, "admin service add") == snapshot(
        "The webhook to `https://kitestring.acme.example/buildkite/webhooks` already exists and is set up correctly."
    )
    (hook,) = world.buildkite.hooks.webhooks
    assert (await ask_privately(world, world.alice, "admin services")).replace(hook.id, "ID") == snapshot("""\
1 service
Service · Description · To · State · Id
Webhook (mine) · Kitestring · https://kitestring.acme.example/buildkite/webhooks · on · ID\
""")
    assert WEBHOOK_SECRET not in world.transcript()


async def test_a_wrong_webhook_is_repaired(world: World) -> None:
    """Each fault is named and repaired; events that someone added are kept."""
    hook = world.buildkite.hooks.add(URL, "another", "token", ["build.finished", "job.scheduled"])
    hook.enabled = False
    assert await run_command(world, world.alice, "admin service add") == snapshot(
        "alice repaired the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`: it's disabled; its token isn't BUILDKITE_WEBHOOK_TOKEN; it sends the token as token, but BUILDKITE_WEBHOOK_MODE is signature; it doesn't send build.scheduled, build.running, build.failing, job.started, job.finished"
    )
    assert (hook.enabled, hook.token, hook.mode) == (True, WEBHOOK_SECRET, "signature")
    assert set(hook.events or ()) == {*REQUIRED_EVENTS, *OPTIONAL_EVENTS, "job.scheduled"}


async def test_services_are_listed_without_secrets(world: World) -> None:
    """Other webhooks are listed without tokens, passwords and queries, and the bot's own is offered."""
    world.buildkite.hooks.add("https://ann:hunter2@ci.acme.example/hook?key=sesame", "their-token")
    reply = await ask_privately(world, world.alice, "admin services")
    assert reply.replace(world.buildkite.hooks.webhooks[0].id, "ID") == snapshot("""\
1 service
Service · To · State · Id
Webhook · https://ci.acme.example/hook · on · ID
[Add my webhook]\
""")
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Add my webhook")
    assert format_message(find_reply(world)) == snapshot(
        "alice created the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`"
    )


async def test_a_service_is_removed_by_an_id_prefix(world: World) -> None:
    """The question comes first and says what is lost if the webhook is the bot's own."""
    await run_command(world, world.alice, "admin service add")
    (hook,) = world.buildkite.hooks.webhooks
    assert await ask_privately(world, world.alice, f"admin service remove {hook.id[:8]}") == snapshot("""\
Remove *Kitestring*? Buildkite stops sending to it. It's my webhook: without it, I have to poll and notice changes later.
[Remove service] [Never mind]\
""")
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Remove service")
    assert format_message(find_reply(world)).replace(hook.id, "ID") == snapshot(
        "alice removed the notification service `ID`"
    )
    assert world.buildkite.hooks.webhooks == []
    assert await ask_privately(world, world.alice, "admin service remove nonesuch") == snapshot("""\
⚠️ There's no service “nonesuch”.
See `/bk admin services`.\
""")


async def test_services_are_for_admins(world: World) -> None:
    """Bob, a member, can neither list nor change services."""
    for words in ("admin services", "admin service add", "admin service remove 12345678"):
        assert "is for workspace admins" in await ask_privately(world, world.bob, words)
    assert [request for request in world.buildkite.requests if "services" in request.path] == []
