"""The ways to ask for an operation: typing, a button, the REST API, MCP and Slackbot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx

from bot.access.api_tokens.model import ApiToken, hash_token, make_raw_token
from bot.access.api_tokens.queries import insert_token
from bot.listeners.mcp.tool_definitions import name_tool
from bot.listeners.rest.openapi import make_path
from bot.operations.choices import Choices, make_choice_id
from bot.operations.grammar import parse
from bot.operations.invocation import Choice
from bot.operations.reply import Call
from bot.slack.types import Thread
from commands import registry
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World
from tests.matrix.acting import find_newest_message, settle_all
from tests.matrix.cast import Cast
from tests.mcp.agents import get_address, write_request
from tests.mcp.slackbot import Slackbot

REGISTRY = registry()


@dataclass
class Asker:
    """A person with a program that has a token of all their rights, which they mayn't be allowed to make."""

    world: World
    person: Person
    raw: str
    http: httpx.AsyncClient
    slackbot: Slackbot

    async def types(self, words: str) -> None:
        """Type the command."""
        await self.person.types(self.world.deploys, f"/bk {words}")

    async def presses(self, words: str) -> None:
        """Press a button for the call on a message that everyone sees."""
        platform, call = self.world.bot.platform, _parse(words)
        thread = Thread(self.slackbot.team, self.world.deploys.id)
        args = dict(call.args)
        choice = Choice(make_choice_id(), call.operation, args, thread, confirmed=call.confirmed)
        await Choices(platform.store, platform.vault, platform.clock).save([choice])
        text = {"type": "plain_text", "text": "Do it"}
        button = {"type": "button", "action_id": "answer", "value": choice.id, "text": text}
        shown = vars(find_newest_message(self.world)) | {
            "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}]
        }
        await self.person.clicks(Message(**shown), action_id="answer")

    async def calls_rest(self, words: str) -> None:
        """Send the call to the REST API."""
        call = _parse(words)
        path, query = make_path(REGISTRY[call.operation]), "?yes=true" if call.confirmed else ""
        headers = {"authorization": f"Bearer {self.raw}"}
        await self._post(f"{path}{query}", json=dict(call.args), headers=headers)

    async def calls_tool(self, words: str) -> None:
        """Call the operation's tool."""
        call = _parse(words)
        name, arguments = name_tool(REGISTRY[call.operation]), dict(call.args) | _confirm(call)
        body, headers = write_request(self.raw, "tools/call", name, {"name": name, "arguments": arguments})
        await self._post("/mcp/x/all", json=body, headers=headers)

    async def asks_slackbot(self, words: str) -> None:
        """Let Slackbot run the operation."""
        call = _parse(words)
        arguments = {"operation": call.operation, "arguments": dict(call.args), **_confirm(call)}
        body, headers = self.slackbot.ask(self.person, "run_operation", arguments)
        await self._post("/mcp/slack", content=body, headers=headers)

    async def _post(self, path: str, **request: object) -> None:
        answer = await self.http.post(get_address(self.world, path), **request)  # type: ignore[arg-type]
        assert answer.status_code < 500, answer.text


Ask = Callable[[Asker, str], Awaitable[None]]
WAYS: Mapping[str, Ask] = {
    "slash": Asker.types,
    "button": Asker.presses,
    "rest": Asker.calls_rest,
    "mcp": Asker.calls_tool,
    "slackbot": Asker.asks_slackbot,
}


async def make_asker(cast: Cast, kind: str, http: httpx.AsyncClient, slackbot: Slackbot) -> Asker:
    """Return a person of that kind with their program."""
    person, world, now = cast.people[kind], cast.world, cast.world.clock.now()
    raw = make_raw_token(f"{len(person.id):02}{person.id}".ljust(30, "0"))
    year = now.replace(year=now.year + 1)
    token = ApiToken(f"t-{person.id}", "bot", person.id, None, None, (), world.deploys.id, year, now)
    async with world.bot.platform.store.write() as tx:
        await insert_token(tx, slackbot.team, token, hash_token(raw))
    return Asker(world, person, raw, http, slackbot)


async def post_something(cast: Cast) -> None:
    """Let the bot post a message in the channel, where buttons can be."""
    await cast.alice.types(cast.world.deploys, "/bk build create shop")
    await settle_all(cast.world)


def _parse(words: str) -> Call:
    return parse(words, REGISTRY)


def _confirm(call: Call) -> dict[str, bool]:
    """Return the argument that confirms what the operation asks first."""
    return {"confirm": True} if call.confirmed and REGISTRY[call.operation].confirm else {}
