"""Steps to connect and disconnect accounts, and to read the results."""

from __future__ import annotations

from pathlib import Path

from simulators.buildkite.server_state import RecordedRequest
from simulators.slack.delivery import Ack
from simulators.slack.person import Person
from tests.conversations.acts import ask_privately
from tests.conversations.world import World

LABEL = "Your Buildkite API token"
SECRET = "bkua_alices-own-made-up-0123456789abcdef"
ALICE = "Alice Okafor"


async def open_connect_form(world: World, person: Person) -> str:
    """The form, as that person reads it."""
    await person.types(world.deploys, "/bk connect")
    await world.settle(1)
    return world.slack.modals_of(person.id)[-1].plain()


async def submit_token(world: World, person: Person, secret: str) -> Ack:
    """The form is opened and sent with that token."""
    await open_connect_form(world, person)
    return await person.submits({LABEL: secret})


async def connect_alice(world: World, **more: object) -> None:
    """Alice has connected a token of her own; `more` as `BuildkiteSim.personal_token` has it."""
    world.buildkite.person(ALICE, "alice@acme.example")
    world.buildkite.personal_token(ALICE, SECRET, **more)  # type: ignore[arg-type]
    await submit_token(world, world.alice, SECRET)
    await world.settle(2)
    assert "You're connected" in world.whispers(world.alice)[-1]
    world.buildkite.requests.clear()


async def type_command(world: World, person: Person, words: str) -> None:
    """A slash command, and what comes of it at once."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(3)


async def read_whoami_line(world: World, person: Person, line: str) -> str:
    """Return a line of a person's `whoami`."""
    answer = (await ask_privately(world, person, "whoami")).split("\n")
    return answer[answer.index(f"*{line}*") + 1]


def list_requests_of_token(world: World, name: str) -> list[RecordedRequest]:
    """The requests that were made with the token of that user."""
    return [request for request in world.buildkite.requests if request.by == name]


def read_database(folder: Path) -> bytes:
    """All bytes that the database has written, journals included."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("kitestring.db*")) if path.suffix != ".key")
