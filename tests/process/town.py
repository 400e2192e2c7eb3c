"""Both vendors in this process, on real time, and `kitestring serve` in one of its own between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.slack.manifest import bot_scopes
from simulators.buildkite.models import Build
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.webhooks import Webhook
from simulators.http_server import Serving
from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from simulators.slack.views import View
from tests.contract.validation import rest_spec, validate
from tests.conversations.world import SIGNING_SECRET, WEBHOOK_SECRET, people
from tests.process.program import Program, put_down, start

ENV_VALUE = "an-env-value-nobody-logs"
SLACK_PATH, BUILDKITE_PATH = "/slack/events", "/buildkite/webhooks"


@dataclass
class Town:
    """The vendors, the people, and the programs that were started; `socket` says how Slack is reached."""

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
        """What the bot is told."""
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
        """The one that tells the bot; what was not delivered yet goes wherever it points."""
        if not self.buildkite.hooks.webhooks:
            self.buildkite.add_webhook(f"http://127.0.0.1:9{BUILDKITE_PATH}", WEBHOOK_SECRET)
        return self.buildkite.hooks.webhooks[0]

    async def serve(self, **more: str) -> Program:
        """Start the bot, wait until it is reached, and tell both vendors where it is."""
        return await self.serve_with({**self.environ, **more})

    async def serve_with(self, environ: Mapping[str, str]) -> Program:
        """The same with other settings."""
        program = Program(await start(self.folder, environ, "serve"))
        self.programs.append(program)
        await program.up()
        self.slack.request_url = None if self.socket else program.address + SLACK_PATH
        self.webhook.url = program.address + BUILDKITE_PATH
        if self.socket:
            await self.until(lambda: self.slack.sockets.connections)
        return program

    async def until(self, condition: Callable[[], Any], within: float = 20) -> Any:
        """The first true value of `condition`, asked after each change at Slack."""
        return await self.slack.until(condition, within)

    async def happens(self, build: Build, fail: tuple[str, ...] = ()) -> None:
        """The build runs to its end or to a block, and the webhooks tell."""
        self.buildkite.run_build(build, fail=fail)
        await self.buildkite.deliver()

    async def started(self, text: str, by: Person | None = None) -> tuple[Build, Message]:
        """A build that somebody asked for by slash command, and its card."""
        count = len(self.buildkite.builds)
        ack = await (by or self.alice).types(self.deploys, text)
        assert ack.ok, ack
        card = await self.until(lambda: len(self.buildkite.builds) > count and self.newest_card())
        assert len(self.buildkite.builds) == count + 1
        await self.buildkite.deliver()
        return self.buildkite.builds[-1], card

    def cards(self) -> list[Message]:
        """The bot's messages in the channel, replies left out."""
        return [said for said in self.slack.messages(self.deploys) if said.bot and not said.is_reply]

    def newest_card(self) -> Message | None:
        """The card of the newest build, once it is there."""
        build = self.buildkite.builds[-1] if self.buildkite.builds else None
        found = [card for card in self.cards() if build and name_of(build) in card.plain()]
        return found[-1] if found else None

    def replies(self, card: Message) -> str:
        """What stands below a card."""
        return "\n".join(reply.plain() for reply in self.slack.thread(card.channel, card)[1:])

    def whispered(self, person: Person, words: str) -> Message | None:
        """The newest private message with these words."""
        found = [said for said in self.slack.ephemerals(person) if words in said.plain()]
        return found[-1] if found else None

    def said(self, words: str) -> Message | None:
        """The bot's newest message in the channel, or in a thread of it, with these words."""
        every = [
            item for root in self.slack.messages(self.deploys) for item in self.slack.thread(self.deploys, root)
        ]
        found = [item for item in every if item.bot and words in item.plain()]
        return found[-1] if found else None

    def form(self, person: Person, words: str) -> View | None:
        """The form in front of a person, once it shows these words."""
        view = self.slack.modal_of(person)
        return view if view and words in view.plain() else None

    def transcript(self) -> str:
        """Everything that can be read at Slack."""
        return self.slack.transcript()

    def check(self) -> None:
        """Nothing went wrong between the bot and the vendors, and its log keeps their secrets."""
        assert self.slack.problems == [], self.slack.problems
        validate(self.buildkite.requests, rest_spec())
        for program in self.programs:
            self.check_log(program.said)

    def check_log(self, said: str) -> None:
        """No traceback and no secret."""
        secrets = (
            *(self.slack.bot_token, self.slack.app_token, self.buildkite.token, SIGNING_SECRET, WEBHOOK_SECRET),
            *("hooks.slack", "/commands/", "/actions/", "ticket=", ENV_VALUE, "Traceback", "not logged"),
        )
        for secret in secrets:
            assert secret not in said, said


def name_of(build: Build) -> str:
    """`web#1`."""
    return f"{build.pipeline.slug}#{build.number}"


@asynccontextmanager
async def town(folder: Path, *, socket: bool) -> AsyncIterator[Town]:
    """A town without the bot; whatever was started there is put down at the end."""
    slack = SlackSim(signing_secret=SIGNING_SECRET, now=time.time)
    slack.scopes = set(bot_scopes())
    buildkite = BuildkiteSim(now=time.time)
    seed_demo(buildkite)
    alice, bob, gwen = people(slack)
    deploys = slack.channel("C0DEPLOYS", "deploys")
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        made = Town(slack, buildkite, folder, socket, alice, bob, gwen, deploys)
        try:
            yield made
        finally:
            await asyncio.gather(*(put_down(program.process) for program in made.programs))
            await asyncio.gather(*(program.ended() for program in made.programs))
