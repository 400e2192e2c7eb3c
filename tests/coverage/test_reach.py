"""What the page of coverage says is typed, makes the request that it is said to make."""

import re
from pathlib import Path

import click
import yaml

from bot.cli.docs_coverage import parse_sections
from bot.cli.main import main
from bot.operations.grammar import parse
from commands import registry
from simulators.buildkite.server_state import RecordedRequest
from tests.conversations.world import World
from tests.matrix.acting import calm

ROOT = Path(__file__).parents[2]
FOUND = parse_sections((ROOT / "docs" / "coverage.yaml").read_text())
DOCUMENTS = {"REST API": ("rest", "/v2"), "Agent API": ("agent", "/v3")}
# Reads that the bot remembers for a while are made again once that has passed.
FORGETS = 700.0


def requests(section: str) -> dict[str, str]:
    """By operation, the pattern of its request: `GET /v2/organizations/[^/]+/agents`."""
    name, base = DOCUMENTS[section]
    told = yaml.safe_load((ROOT / "tests" / "contracts" / f"buildkite-{name}-openapi.yaml").read_text())
    return {
        operation["operationId"]: f"{method.upper()} {base}{re.sub(r'{[a-z]+}', '[^/]+', path)}"
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    }


def made(recorded: list[RecordedRequest], pattern: str) -> bool:
    return any(re.fullmatch(pattern, f"{item.method} {item.path}") and item.status < 400 for item in recorded)


async def typed(world: World, words: str) -> list[RecordedRequest]:
    """The requests that come of an admin's words."""
    world.clock.advance(FORGETS)
    await calm(world)
    world.buildkite.requests.clear()
    await world.alice.types(world.deploys, f"/bk {words}")
    await calm(world)
    return list(world.buildkite.requests)


async def test_the_words_of_each_row_make_its_request(world: World) -> None:
    """Each operation of both documents is asked for by what is typed in Slack; reads come first."""
    missed = {}
    for section in DOCUMENTS:
        for operation, pattern in sorted(
            requests(section).items(), key=lambda item: not item[1].startswith("GET")
        ):
            words = FOUND[section][operation].command
            if not words.startswith("kitestring ") and not made(recorded := await typed(world, words), pattern):
                asked = [f"{item.method} {item.path} {item.status}" for item in recorded]
                missed[operation] = (words, asked, world.whispers(world.alice)[-1:])
    assert missed == {}


def test_every_rows_words_are_a_command() -> None:
    """What a row says is typed names a command, with arguments that it takes."""
    known, rows = registry(), [row.command for rows in FOUND.values() for row in rows.values()]
    for words in rows:
        if not words.startswith("kitestring "):
            call = parse(words, known)
            assert known[call.operation].args.model_validate(call.args), words


def test_what_is_for_the_console_is_a_command_there() -> None:
    """A row that is not for chat names a command of `kitestring`."""
    rows = [
        row.command.split()[1:] for rows in FOUND.values() for row in rows.values() if row.command.startswith("kite")
    ]
    assert rows
    for words in rows:
        found: click.Command = main
        for word in words:
            assert isinstance(found, click.Group)
            found = found.commands[word]
