"""Manners: in the bot's direct messages, with greetings and thanks, and in talk between people."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from bot.listeners.requests import read_spoken
from tests.conversations.acts import start_build
from tests.conversations.world import World


async def test_answers_in_direct_messages_are_ordinary_messages(world: World) -> None:
    """Lists, mistakes and questions in the bot's direct messages stay there; an answered question is replaced."""
    await start_build(world)
    await world.bob.posts(world.bob.dm, "build view web 1")
    await world.settle(2)
    await world.bob.types(world.bob.dm, "/bk frobnicate")
    await world.settle(2)
    await world.bob.posts(world.bob.dm, "build cancel web 1")
    await world.settle(2)
    question = world.slack.messages(world.bob.dm)[-1]
    await world.bob.clicks(question, "Cancel build")
    await world.settle(3)
    assert world.whispers(world.bob) == []
    assert world.transcript(world.bob.dm) == snapshot("""\
#directmessage
bob: build view web 1
kitestring: 🕒 web#1 scheduled
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
    [Cancel] [Follow here]
kitestring: ⚠️ There's no pipeline “frobnicate”.
bob: build cancel web 1
kitestring: bob canceled web#1\
""")


async def test_a_conversation_between_people_stays_private(world: World) -> None:
    """A slash command in someone else's direct messages is answered only to the person who typed it."""
    theirs = world.slack.channel(
        "D0BOBALICE", "bob-alice", private=True, members=[world.bob, world.alice], bot_in=False
    )
    await world.bob.types(theirs, "/bk help")
    await world.settle(2)
    assert world.slack.messages(theirs) == []
    assert len(world.whispers(world.bob)) == 1


async def test_greetings_and_thanks_are_met_kindly(world: World) -> None:
    """A greeting gets the six tasks, thanks get a kind word, in direct messages and by mention."""
    for words in ("hi", "Thanks for the help!"):
        await world.bob.posts(world.bob.dm, words)
        await world.settle(2)
    await world.bob.posts(world.deploys, "@kitestring thanks! 🙏")
    await world.settle(1)
    await world.bob.posts(world.deploys, "hello @kitestring")
    await world.settle(1)
    answers = [message.plain().split("\n")[0] for message in world.slack.messages(world.bob.dm) if message.bot]
    assert answers + [text.split("\n")[0] for text in world.whispers(world.bob)] == snapshot(
        [
            "*Hi bob. What would you like to do?*",
            "You're welcome.",
            "You're welcome.",
            "*Hi bob. What would you like to do?*",
        ]
    )


async def test_polite_requests_are_commands(world: World) -> None:
    """Greetings and polite words around a command don't keep it from being one, nor does a second mention."""
    await start_build(world)
    answers = [
        await _write(world, words)
        for words in (
            "hello @kitestring can you view web 1 please?",
            "@kitestring @kitestring please view web 1",
            "view web 1 @kitestring",
        )
    ]
    assert [text.split(" ")[1] for text in answers] == snapshot(["web#1", "web#1", "web#1"])


async def test_a_mention_in_a_sentence_is_no_command(world: World) -> None:
    """Talk about the bot is left alone; a command in it that changes something is only offered."""
    for words in (
        "I think @kitestring posted that yesterday",
        "who set up @kitestring?",
        "nice, @kitestring is back",
    ):
        await world.bob.posts(world.deploys, words)
        await world.settle(1)
    assert world.whispers(world.bob) == []
    assert await _write(world, "we could have @kitestring build create web") == snapshot("""\
If that was for me, I can run `build create`.
[Run it]\
""")
    assert world.buildkite.builds == []
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Run it")
    await world.settle(3)
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["web"]
    assert await _write(world, "never type @kitestring build cancel web 1") == snapshot(
        "If that was for me, begin with the mention: `@kitestring build cancel`."
    )


async def _write(world: World, words: str) -> str:
    await world.bob.posts(world.deploys, words)
    await world.settle(1)
    return world.whispers(world.bob)[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@B>", ("", False)),
        ("<@B> build list", ("build list", False)),
        ("<@B|kitestring> <@B> build list", ("build list", False)),
        ("<@B> notify <@U1>", ("notify <@U1>", False)),
        ("hey <@B>, build list", ("build list", False)),
        ("thanks <@B>!", ("thanks  !", False)),
        ("ask <@B> for web", ("for web", True)),
        ("build list <@B>", ("build list", True)),
        ("no mention at all", ("no mention at all", False)),
    ],
)
def test_what_a_message_says_to_the_bot(text: str, expected: tuple[str, bool]) -> None:
    """The text after the mention is for the bot; before it there may only be a greeting."""
    assert read_spoken(text, "B", direct=False) == expected
