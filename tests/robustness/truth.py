"""What must hold whatever happened: compared with the vendors' own state, never with the bot's."""

from __future__ import annotations

from collections import Counter

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from tests.conversations.world import World

WORDS = {
    "scheduled": "Scheduled",
    "running": "Running",
    "failing": "Failing",
    "passed": "Passed",
    "failed": "Failed",
    "blocked": "Blocked",
    "canceling": "Canceling",
    "canceled": "Canceled",
    "skipped": "Skipped",
}


def said(world: World) -> list[Message]:
    """Every message of the bot that is still there, wherever it stands."""
    every = [message for messages in world.slack.posted.values() for message in messages]
    return [message for message in every if message.bot and not message.deleted]


def mark(message: Message) -> str:
    """What the bot knows its message by."""
    return str(((message.metadata or {}).get("event_payload") or {}).get("id", ""))


def cards(world: World, build: Build) -> list[Message]:
    """The cards of a build: messages that begin with its state and its number."""
    name = f"{build.pipeline.slug}#{build.number} "
    plain = [message for message in said(world) if not mark(message).startswith(("notice:", "answer:"))]
    return [message for message in plain if f"· {name}" in first_line(message)]


def first_line(message: Message) -> str:
    """The first line as people read it, with a space at its end."""
    return message.plain().split("\n")[0] + " "


def assert_true(world: World, build: Build) -> Message:
    """The build has exactly one card, and it says what Buildkite says."""
    found = cards(world, build)
    assert len(found) == 1, world.slack.transcript()
    word = WORDS[build.inner_state]
    assert f"*{word}*" in first_line(found[0]), (build.inner_state, world.slack.transcript())
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


def replies(world: World, build: Build) -> list[str]:
    """What was said below the card of a build, by their first lines."""
    card = cards(world, build)[0]
    below = [item for item in said(world) if mark(item).startswith("notice:") and item.channel == card.channel]
    return [
        first_line(item).strip() for item in below if f"{build.pipeline.slug}#{build.number} " in first_line(item)
    ]


def assert_said_once(world: World) -> None:
    """No message was posted twice."""
    marks = Counter(mark(message) for message in said(world) if mark(message))
    assert not [item for item, times in marks.items() if times > 1], world.slack.transcript()


def posts(world: World, path_end: str) -> int:
    """How many requests that change something reached Buildkite at such a path."""
    changing = [request for request in world.buildkite.requests if request.method in ("POST", "PUT")]
    return sum(item.path.endswith(path_end) for item in changing)


def private(world: World, person: object) -> str:
    """All that only this person was told, as ephemeral messages or by DM."""
    whispers = [message.plain() for message in world.slack.ephemerals(person)]
    direct = [item.plain() for item in said(world) if item.channel == person.dm.id]  # type: ignore[attr-defined]
    return "\n".join(whispers + direct)
