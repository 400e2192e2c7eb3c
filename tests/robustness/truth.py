"""Asserts what must be true whatever happened, compared with the vendors' own state rather than the bot's."""

from __future__ import annotations

import re
from collections import Counter

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from tests.conversations.world import World

WORDS = {
    "scheduled": "is scheduled",
    "running": "is running",
    "failing": "is failing",
    "passed": "passed",
    "failed": "failed",
    "blocked": "is blocked",
    "canceling": "is being canceled",
    "canceled": "was canceled",
    "skipped": "was skipped",
}


def find_bot_messages(world: World) -> list[Message]:
    """Return the bot's messages that still exist, in any channel."""
    every = [message for messages in world.slack.posted.values() for message in messages]
    return [message for message in every if message.bot and not message.deleted]


def read_mark(message: Message) -> str:
    """Return the id by which the bot recognises its message."""
    return str(((message.metadata or {}).get("event_payload") or {}).get("id", ""))


def find_cards(world: World, build: Build) -> list[Message]:
    """Return the cards of a build: messages that begin with its title or number."""
    name = re.compile(rf"(\*|– ){re.escape(build.pipeline.slug)}#{build.number}\*? ")
    plain = [
        message
        for message in find_bot_messages(world)
        if not read_mark(message).startswith(("notice:", "answer:"))
    ]
    return [message for message in plain if name.search(first_line(message))]


def first_line(message: Message) -> str:
    """Return the first line as people read it, with a trailing space."""
    return message.plain().split("\n")[0] + " "


def assert_card_is_correct(world: World, build: Build) -> Message:
    """Assert that the build has exactly one card and that it matches Buildkite; return it."""
    found = find_cards(world, build)
    assert len(found) == 1, world.slack.transcript()
    verb = WORDS[build.inner_state]
    line = first_line(found[0]).replace("*", "")
    assert f"#{build.number} {verb} " in line, (build.inner_state, world.slack.transcript())
    _names_failed_jobs(found[0], build)
    return found[0]


def _names_failed_jobs(card: Message, build: Build) -> None:
    failed = {
        job.name.partition(": ")[2] for job in build.current_jobs if job.hard_failed and job.state == "failed"
    }
    for name in failed:
        assert name in card.plain()
    for job in build.current_jobs:
        if job.manual and job.state == "unblocked":
            assert "Waiting for" not in card.plain()


def read_replies(world: World, build: Build) -> list[str]:
    """Return the first lines of the replies to a build's card."""
    card = find_cards(world, build)[0]
    below = [
        item
        for item in find_bot_messages(world)
        if read_mark(item).startswith("notice:") and item.channel == card.channel
    ]
    return [
        first_line(item).strip() for item in below if f"{build.pipeline.slug}#{build.number} " in first_line(item)
    ]


def assert_posted_once(world: World) -> None:
    """Assert that no message was posted twice."""
    marks = Counter(read_mark(message) for message in find_bot_messages(world) if read_mark(message))
    assert not [item for item, times in marks.items() if times > 1], world.slack.transcript()


def count_writes(world: World, path_end: str) -> int:
    """Return how many writing requests reached Buildkite at this path."""
    changing = [request for request in world.buildkite.requests if request.method in ("POST", "PUT")]
    return sum(item.path.endswith(path_end) for item in changing)


def read_private(world: World, person: object) -> str:
    """Return everything that only this person got, as ephemeral messages or by DM."""
    whispers = [message.plain() for message in world.slack.ephemerals(person)]
    direct = [item.plain() for item in find_bot_messages(world) if item.channel == person.dm.id]  # type: ignore[attr-defined]
    return "\n".join(whispers + direct)
