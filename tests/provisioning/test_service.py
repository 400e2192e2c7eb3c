"""The webhook at Buildkite is set up by the bot itself."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from bot.buildkite.webhook_registration import EVENTS, MORE
from tests.conversations.acts import asks
from tests.conversations.world import WEBHOOK_SECRET, World, shown
from tests.provisioning.acts import answer, asked, presses, says
from tests.provisioning.conftest import ADDRESS
from webhooks.router import ROUTES

URL = f"{ADDRESS}/buildkite/webhooks"


async def test_the_webhook_is_made_with_what_the_bot_needs(world: World) -> None:
    """Alice sets it up: this bot's address, token, mode and events; the token is said nowhere."""
    assert await says(world, world.alice, "service add") == snapshot(
        "<@U0ALICE01> created the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`"
    )
    assert asked(world, "POST", "/services") == [
        {
            "provider": "webhook",
            "description": "Kitestring",
            "scope": "all",
            "settings": {
                "url": URL,
                "token": WEBHOOK_SECRET,
                "token_mode": "signature",
                "events": [*EVENTS, *MORE],
                "tls_verify": True,
            },
        }
    ]
    assert await asks(world, world.alice, "service add") == snapshot(
        "The webhook to `https://kitestring.acme.example/buildkite/webhooks` is there already, and nothing is wrong with it."
    )
    (hook,) = world.buildkite.hooks.webhooks
    assert (await asks(world, world.alice, "service list")).replace(hook.id, "ID") == snapshot("""\
1 service
Service · Description · To · State · Id
Webhook (mine) · Kitestring · https://kitestring.acme.example/buildkite/webhooks · on · ID\
""")
    assert WEBHOOK_SECRET not in world.transcript()


async def test_every_event_that_is_asked_for_is_understood() -> None:
    """The bot asks Buildkite for no event that it does nothing with."""
    assert set(EVENTS) | set(MORE) <= ROUTES.keys()


async def test_a_webhook_that_is_wrong_is_put_right(world: World) -> None:
    """Disabled, in the other mode, with too few events: said, and mended; events that somebody added stay."""
    hook = world.buildkite.hooks.add(URL, "another", "token", ["build.finished", "job.scheduled"])
    hook.enabled = False
    assert await says(world, world.alice, "service add") == snapshot(
        "<@U0ALICE01> put right the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`: it is disabled; its token is not BUILDKITE_WEBHOOK_TOKEN; it sends the token as token, and BUILDKITE_WEBHOOK_MODE is signature; it does not send build.scheduled, build.running, build.failing, job.started, job.finished"
    )
    assert (hook.enabled, hook.token, hook.mode) == (True, WEBHOOK_SECRET, "signature")
    assert set(hook.events or ()) == {*EVENTS, *MORE, "job.scheduled"}


async def test_what_buildkite_sends_elsewhere_is_listed_without_its_secrets(world: World) -> None:
    """Others' webhooks are shown without tokens, passwords and queries; mine is offered where there is none."""
    world.buildkite.hooks.add("https://ann:hunter2@ci.acme.example/hook?key=sesame", "their-token")
    said = await asks(world, world.alice, "service list")
    assert said.replace(world.buildkite.hooks.webhooks[0].id, "ID") == snapshot("""\
1 service
Service · To · State · Id
Webhook · https://ci.acme.example/hook · on · ID
[Add my webhook]\
""")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Add my webhook")
    assert shown(answer(world)) == snapshot(
        "<@U0ALICE01> created the Buildkite webhook to `https://kitestring.acme.example/buildkite/webhooks`"
    )


async def test_a_service_is_removed_by_the_beginning_of_its_id(world: World) -> None:
    """Asked first, with what is lost where it is ours."""
    await says(world, world.alice, "service add")
    (hook,) = world.buildkite.hooks.webhooks
    assert await asks(world, world.alice, f"service remove {hook.id[:8]}") == snapshot("""\
Remove *Kitestring*? Nothing is sent there any more. It is mine: I shall learn of builds later, by asking.
[Yes, do it] [Never mind]\
""")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Yes, do it")
    assert shown(answer(world)).replace(hook.id, "ID") == snapshot(
        "<@U0ALICE01> removed the notification service `ID`"
    )
    assert world.buildkite.hooks.webhooks == []
    assert await asks(world, world.alice, "service remove nonesuch") == snapshot("""\
⚠️ There is no service “nonesuch”.
See `/bk service list`.\
""")


async def test_services_are_for_admins(world: World) -> None:
    """Bob, a member, neither sees nor changes what Buildkite sends elsewhere."""
    for words in ("service list", "service add", "service remove 12345678"):
        assert "is for workspace admins" in await asks(world, world.bob, words)
    assert [request for request in world.buildkite.requests if "services" in request.path] == []
