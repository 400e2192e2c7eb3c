"""Channels subscribe by text and by form, with a preview before the subscription is saved."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message
from tests.subscriptions.acts import list_cards, run_build, subscribe


async def test_a_typed_subscription_is_previewed(world: World) -> None:
    """Before a subscription is saved, Alice alone is shown what it would have posted in the last 7 days."""
    await run_build(world)
    await run_build(world, fail=("lint",))
    await run_build(world)
    assert await ask_privately(world, world.alice, "subscribe web -b main") == snapshot("""\
Subscribe this channel to `web` on `main`: failed, fixed and blocked?
In the last 7 days it would have posted 2 of 3 builds:
✅ web#3 passed (fixed) on `main`, 2026-11-02 09:00 UTC
❌ web#2 failed (newly broken) on `main`, 2026-11-02 09:00 UTC
[Save] [Cancel]\
""")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await world.settle(2)
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        ["alice subscribed this channel to `web` on `main`: failed, fixed and blocked"]
    )
    assert await ask_privately(world, world.bob, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*1.* `web` on `main`: failed, fixed and blocked · by <@U0ALICE01>
[Mute 1 for 8h] [Remove 1]\
""")


async def test_a_preview_without_history_asks_buildkite_once(world: World) -> None:
    """Without stored history, one list request gives the preview."""
    world.buildkite.network.drop = 1.0
    await run_build(world, "mobile", fail=("unit",))
    before = len(world.buildkite.requests)
    assert await ask_privately(
        world, world.alice, "subscribe mobile --state failed,broken --quiet 18:00-08:00"
    ) == snapshot("""\
Subscribe this channel to `mobile`: failed and broken, quiet 18:00-08:00 (Europe/Amsterdam)?
In the last 7 days it would have posted none of 1 build.
[Save] [Cancel]\
""")
    asked = [request.path.rpartition("/")[2] for request in list(world.buildkite.requests)[before:]]
    assert [item for item in asked if item != "emojis"] == snapshot(["pipelines", "builds"])
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Cancel")
    await world.settle(2)
    assert await ask_privately(world, world.alice, "subscribe list") == snapshot(
        "This channel has no subscriptions. Add one with `/bk subscribe`."
    )


async def test_gaps_in_the_history_are_filled_by_one_list_request(world: World) -> None:
    """Two builds ended unheard, one was heard of: the preview counts all three."""
    world.buildkite.network.drop = 1.0
    await run_build(world, fail=("lint",))
    await run_build(world, fail=("lint",))
    world.buildkite.network.drop = 0.0
    await run_build(world)
    before = len(world.buildkite.requests)
    assert "it would have posted 3 of 3 builds" in await ask_privately(world, world.alice, "subscribe web -b main")
    asked = [request.path.rpartition("/")[2] for request in list(world.buildkite.requests)[before:]]
    assert asked.count("builds") == 1


async def test_the_form_asks_for_the_same_and_shows_the_same(world: World) -> None:
    """`subscribe` alone opens a form; what it would have posted is shown before anything is saved."""
    await world.alice.types(world.deploys, "/bk subscribe")
    await world.settle(1)
    modal = world.slack.modal_of(world.alice)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Get notified
Pipeline or pattern: [Type to search]
Branch or pattern: [main or release/*]
States: [failed, fixed, blocked]
Started or written by: [@ann, ann@example.com or me]
Started from: []
Only this step's result: [its key or name]
Updates in a build's thread: [end]
Quiet hours: [18:00-08:00]
Also show failures from threads in the channel: [Also show failures from threads in the channel]
[Get notified]\
""")
    await world.alice.submits({"Pipeline or pattern": "deploy-*", "Branch or pattern": "main"})
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot("""\
Subscribe this channel to `deploy-*` on `main`: failed, fixed and blocked?
I don't know of any such build in the last 7 days.
[Save] [Cancel]\
""")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await world.settle(2)
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        ["alice subscribed this channel to `deploy-*` on `main`: failed, fixed and blocked"]
    )


async def test_words_that_make_no_sense_are_quoted(world: World) -> None:
    """An invalid pipeline, state, person or time is answered with valid ones."""
    words = ("wbe", "web --state broke", "web --creator bob", "web --quiet evening", "web --updates never")
    assert [await ask_privately(world, world.alice, f"subscribe {word}") for word in words] == snapshot(
        [
            """\
⚠️ There's no pipeline “wbe”.
Did you mean web?\
""",
            """\
⚠️ `broke` isn't an option for `--state`. Try `/bk subscribe web -s broken`
[Run it]\
""",
            """\
⚠️ I don't know who `bob` is.
Mention them or use their e-mail address.\
""",
            """\
⚠️ `evening` isn't valid for `--quiet`: it should be two times such as 18:00-08:00.
Usage: `/bk subscribe <pipeline> [-b branch] [-s state] [--creator people] [--source ui,api,…] [--step key] …`\
""",
            """\
⚠️ `never` isn't an option for `--updates`.
Choose `all`, `important` or `end`.\
""",
        ]
    )


async def test_a_subscription_can_be_taken_back(world: World) -> None:
    """A subscription can be ended by pipeline, number or button; the channel sees who did it."""
    for words in ("web -b main", "web -b next", "deploy-*"):
        await subscribe(world, words)
    assert await ask_privately(world, world.bob, "subscribe remove web") == snapshot("""\
⚠️ This channel has several subscriptions to web.
[web main] [web next]\
""")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "web next")
    await world.settle(2)
    await world.bob.types(world.deploys, "/bk unsubscribe deploy-*")
    await world.settle(2)
    await ask_privately(world, world.bob, "subscribe list")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Remove 1")
    await world.settle(2)
    assert [format_message(message) for message in world.slack.messages(world.deploys)[3:]] == snapshot(
        [
            "bob removed the subscription to `web` on `next`: failed, fixed and blocked",
            "bob removed the subscription to `deploy-*`: failed, fixed and blocked",
            "bob removed the subscription to `web` on `main`: failed, fixed and blocked",
        ]
    )
    assert await ask_privately(world, world.bob, "subscribe remove web") == snapshot("""\
⚠️ This channel isn't subscribed to `web`.
It has no subscriptions.\
""")
    await run_build(world, fail=("lint",))
    assert list_cards(world) == []


async def test_a_channel_that_the_bot_is_not_in_is_not_subscribed(world: World) -> None:
    """A channel without the bot isn't subscribed: the requester is asked to invite it."""
    secret = world.slack.channel("C0SECRET1", "secret", bot_in=False)
    await world.alice.types(secret, "/bk subscribe web --yes")
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot("""\
⚠️ I'm not in this channel, so I couldn't post here.
Type `/invite @kitestring`, then try again.\
""")
