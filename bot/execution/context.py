"""Values and narrow interfaces that the contexts of operations are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.access.accounts.model import Account
from bot.builds.model import TrackedBuild
from bot.notifications.subscriptions.model import Subscription
from bot.slack.types import Actor, Thread


class TrackedBuildLookup(Protocol):
    """Finds tracked builds by their cards."""

    async def find_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return builds whose card is in this thread or is its root, newest first; none for a bare channel."""

    async def find_with_card_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return builds with a card in this thread, without those shown only as link previews."""

    async def find_in_channel(self, channel: str) -> tuple[TrackedBuild, ...]:
        """Return builds whose card is in this channel, newest first, at most ten."""

    async def mute(self, thread: Thread, pipeline: str, number: int) -> tuple[bool, Subscription | None]:
        """Stop replies below the cards of a build in this channel; return whether it has one, and its rule."""


class AllowedNetworks(Protocol):
    """The networks that webhooks are accepted from."""

    @property
    def networks(self) -> tuple[str, ...]:
        """CIDR blocks; empty until the list has been read."""


@dataclass(frozen=True)
class Caller:
    """The person, the place and the invocation that an operation is carried out for.

    `invocation_id` goes into the metadata of a created build, so that the build can be found after a crash, and so
    does `instance`, which marks the builds of this bot. `command` is the slash command that hints quote. `page` is
    the page of a list, from 1, for lists that Buildkite itself pages. `account` is the person's own in Buildkite,
    where they have connected one: requests are then sent with its token, otherwise with the bot's.
    """

    actor: Actor
    thread: Thread
    invocation_id: str
    command: str = "/bk"
    instance: str = ""
    page: int = 1
    account: Account | None = None
