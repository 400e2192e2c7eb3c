"""The commands of docs/coverage.yaml exist, and make the requests that they are listed for."""

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
from tests.matrix.acting import settle_all

ROOT = Path(__file__).parents[2]
SECTIONS = parse_sections((ROOT / "docs" / "coverage.yaml").read_text())
COMMANDS = [row.command for rows in SECTIONS.values() for row in rows.values()]
DOCUMENTS = {"REST API": ("rest", "/v2"), "Agent API": ("agent", "/v3")}
CONSOLE = "kitestring "
# Seconds after which every cached read is made again.
CACHE_EXPIRES = 700.0


def find_request_patterns(section: str) -> dict[str, str]:
    """Return the pattern of each operation's request, such as `GET /v2/organizations/[^/]+/agents`."""
    name, base = DOCUMENTS[section]
    document = yaml.safe_load((ROOT / "tests" / "contracts" / f"buildkite-{name}-openapi.yaml").read_text())
    return {
        operation["operationId"]: f"{method.upper()} {base}{re.sub(r'{[a-z]+}', '[^/]+', path)}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def has_request(recorded: list[RecordedRequest], pattern: str) -> bool:
    return any(
        re.fullmatch(pattern, f"{request.method} {request.path}") and request.status < 400 for request in recorded
    )


async def test_each_command_makes_its_request(world: World) -> None:
    """Typed in Slack by an admin, it makes the request of the operation it's listed for; reads are tried first."""
    missed = {}
    for section in DOCUMENTS:
        patterns = find_request_patterns(section)
        for operation in sorted(patterns, key=lambda name: not patterns[name].startswith("GET")):
            command = SECTIONS[section][operation].command
            if command.startswith(CONSOLE):
                continue
            recorded = await record_requests(world, command)
            if not has_request(recorded, patterns[operation]):
                requests = [f"{request.method} {request.path} {request.status}" for request in recorded]
                missed[operation] = (command, requests, world.whispers(world.alice)[-1:])
    assert missed == {}


async def record_requests(world: World, command: str) -> list[RecordedRequest]:
    """Have an admin type the command; return the requests it makes."""
    world.clock.advance(CACHE_EXPIRES)
    await settle_all(world)
    world.buildkite.requests.clear()
    await world.alice.types(world.deploys, f"/bk {command}")
    await settle_all(world)
    return list(world.buildkite.requests)


def test_each_chat_command_exists_and_takes_its_arguments() -> None:
    """It's parsed and validated like any command."""
    operations = registry()
    for command in COMMANDS:
        if not command.startswith(CONSOLE):
            call = parse(command, operations)
            assert operations[call.operation].args.model_validate(call.args), command


def test_each_console_command_exists() -> None:
    """It's a command of `kitestring`."""
    commands = [command.split()[1:] for command in COMMANDS if command.startswith(CONSOLE)]
    assert commands
    for names in commands:
        command: click.Command = main
        for name in names:
            assert isinstance(command, click.Group)
            command = command.commands[name]
