"""Runs both vendors in this process, in real time, and `kitestring serve` in its own between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.slack.manifest import list_bot_scopes
from simulators.buildkite.models import Build
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.webhooks import Webhook
from simulators.http_server import Serving
from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from simulators.slack.views import View
from tests.contract.validation import load_rest_spec, validate
from tests.conversations.world import (
    HANGING_SECONDS,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    add_people,
    make_buildkite,
    make_slack,
)
from tests.process.program import Program, kill_if_running, start

ENV_VALUE = "an-env-value-nobody-logs"
SLACK_PATH, BUILDKITE_PATH = "/slack/events", "/buildkite/webhooks"


@dataclass
class Town:
    """The vendors, the people, and the programs that were started; `socket` selects Socket Mode."""

    slack: SlackSim
    buildkite: BuildkiteSim
    folder: Path
    socket: bool
    alice: Person
    bob: Person
    gwen: Person
    deploys: Channel
    programs: list[Program] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """The bot's environment."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            **({"SLACK_APP_TOKEN": self.slack.app_token} if self.socket else {}),
            "SLACK_API_URL": f"{self.slack.base_url}/api/",
            "BUILDKITE_API_TOKEN": self.buildkite.token,
            "BUILDKITE_ORGANIZATION_SLUG": self.buildkite.org,
            "BUILDKITE_REST_API_ENDPOINT": self.buildkite.base_url,
            "BUILDKITE_WEBHOOK_TOKEN": WEBHOOK_SECRET,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'kitestring.db'}",
            "PORT": "0",
            "LOG_FORMAT": "json",
            "PYTHONWARNINGS": "error",
        }

    @property
    def webhook(self) -> Webhook:
        """The bot's webhook; undelivered events go wherever it points."""
        if not self.buildkite.hooks.webhooks:
            self.buildkite.add_webhook(f"http://127.0.0.1:9{BUILDKITE_PATH}", WEBHOOK_SECRET)
        return self.buildkite.hooks.webhooks[0]

    async def serve(self, **more: str) -> Program:
        """Start the bot, wait until it listens, and give both vendors its address."""
        return await self.serve_with({**self.environ, **more})

    async def serve_with(self, environ: Mapping[str, str]) -> Program:
        """Start the bot with this environment instead."""
        program = Program(await start(self.folder, environ, "serve"))
        self.programs.append(program)
        await program.wait_until_listening()
        self.slack.request_url = None if self.socket else program.address + SLACK_PATH
        self.webhook.url = program.address + BUILDKITE_PATH
        if self.socket:
            await self.until(lambda: self.slack.sockets.connections)
        return program

    async def until(self, condition: Callable[[], Any], within: float = HANGING_SECONDS) -> Any:
        """Return the first true value of `condition`, which is checked after each change in Slack."""
        return await self.slack.until(condition, within)

    async def run_build(self, build: Build, fail: tuple[str, ...] = ()) -> None:
        """Run the build to its end or to a block step, and deliver the webhooks."""
        self.buildkite.run_build(build, fail=fail)
        await self.buildkite.deliver()

    async def start_build(self, text: str, by: Person | None = None) -> tuple[Build, Message]:
        """Start a build by slash command, and return it with its card."""
        count = len(self.buildkite.builds)
        ack = await (by or self.alice).types(self.deploys, text)
        assert ack.ok, ack
        card = await self.until(lambda: len(self.buildkite.builds) > count and self.find_newest_card())
        assert len(self.buildkite.builds) == count + 1
        await self.buildkite.deliver()
        return self.buildkite.builds[-1], card

    def find_cards(self) -> list[Message]:
        """Return the bot's messages in the channel, without replies."""
        return [message for message in self.slack.messages(self.deploys) if message.bot and not message.is_reply]

    def find_newest_card(self) -> Message | None:
        """Return the card of the newest build, once it exists."""
        build = self.buildkite.builds[-1] if self.buildkite.builds else None
        found = [card for card in self.find_cards() if build and format_reference(build) in card.plain()]
        return found[-1] if found else None

    def read_replies(self, card: Message) -> str:
        """Return the text of the replies in a card's thread."""
        return "\n".join(reply.plain() for reply in self.slack.thread(card.channel, card)[1:])

    def find_private_message(self, person: Person, words: str) -> Message | None:
        """Return the newest private message with this text."""
        found = [message for message in self.slack.ephemerals(person) if words in message.plain()]
        return found[-1] if found else None

    def find_message(self, words: str) -> Message | None:
        """Return the bot's newest message with this text, in the channel or its threads."""
        every = [
            item for root in self.slack.messages(self.deploys) for item in self.slack.thread(self.deploys, root)
        ]
        found = [item for item in every if item.bot and words in item.plain()]
        return found[-1] if found else None

    def find_form(self, person: Person, words: str) -> View | None:
        """Return the form that a person sees, once it shows this text."""
        view = self.slack.modal_of(person)
        return view if view and words in view.plain() else None

    def transcript(self) -> str:
        """Return everything that is readable in Slack."""
        return self.slack.transcript()

    def check(self) -> None:
        """Assert that the bot and the vendors had no problems, and that no secret is in its log."""
        assert self.slack.problems == [], self.slack.problems
        validate(self.buildkite.requests, load_rest_spec())
        for program in self.programs:
            self.check_log(program.log_text)

    def check_log(self, text: str) -> None:
        """Assert that there is no traceback and no secret."""
        secrets = (
            *(self.slack.bot_token, self.slack.app_token, self.buildkite.token, SIGNING_SECRET, WEBHOOK_SECRET),
            *("hooks.slack", "/commands/", "/actions/", "ticket=", ENV_VALUE, "Traceback", "not logged"),
        )
        for secret in secrets:
            assert secret not in text, text


def format_reference(build: Build) -> str:
    """Return a reference such as `web#1`."""
    return f"{build.pipeline.slug}#{build.number}"


@asynccontextmanager
async def open_town(folder: Path, *, socket: bool) -> AsyncIterator[Town]:
    """Run the vendors without the bot, and stop all programs at the end."""
    slack = make_slack(time.time)
    slack.scopes = set(list_bot_scopes())
    buildkite = make_buildkite(time.time)
    alice, bob, gwen = add_people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        made = Town(slack, buildkite, folder, socket, alice, bob, gwen, deploys)
        try:
            yield made
        finally:
            await asyncio.gather(*(kill_if_running(program.process) for program in made.programs))
            await asyncio.gather(*(program.wait_for_exit() for program in made.programs))
