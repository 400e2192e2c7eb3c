"""The Slack simulator: one workspace with one app, over real HTTP."""

from collections.abc import Callable
from typing import Any

from simulators.slack.changes import Subscription
from simulators.slack.connected import ConnectedWorkspace
from simulators.slack.models import Channel, Group, Profile
from simulators.slack.person import Person
from simulators.slack.snapshot import render_snapshot, render_transcript
from simulators.slack.state import BOT_USER
from simulators.slack.web import WebApi

Json = dict[str, Any]


class SlackSim(ConnectedWorkspace):
    """Serve `app`, put its address into `base_url`, and the bot's POST address into `request_url`.

    `options` are those of Installation, `signing_secret` among them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.app = WebApi(self, self.sockets)
        self.people: dict[str, Person] = {}

    def person(self, id: str, name: str, email: str | None = None, **more: Any) -> Person:
        """Add a member; `more` is any other field of Profile."""
        address = f"{name}@example.com" if email is None else email
        more = {"real_name": f"{name.title()} Example", "team": self.team} | more
        self.profiles[id] = Profile(id, name, address, **more)
        self.people[id] = Person(self, self.profiles[id])
        return self.people[id]

    def channel(
        self,
        id: str,
        name: str,
        *,
        private: bool = False,
        members: list[Any] | None = None,
        bot_in: bool = True,
        archived: bool = False,
        shared: str | bool = False,
    ) -> Channel:
        """Add a channel; members are people or ids, by default everyone."""
        ids = list(self.people) if members is None else [getattr(m, "id", m) for m in members]
        kind = "group" if private else "channel"
        made = Channel(id, name, kind, ids + ([BOT_USER] if bot_in else []), archived, shared)
        self.channels[id] = made
        return made

    def group(self, id: str, handle: str, users: list[Any], *, disabled: bool = False) -> Group:
        """Add a user group."""
        self.groups[id] = Group(id, handle, handle.title(), [getattr(u, "id", u) for u in users], disabled)
        return self.groups[id]

    async def until(self, condition: Callable[[], Any], timeout: float = 120) -> Any:  # noqa: ASYNC109 - the waiting is the point
        """Return the first true value of `condition`, evaluated after each change.

        Raise AssertionError with the transcript after `timeout` seconds.
        """
        return await self.changes.until(condition, timeout, self.transcript)

    def subscribe(self) -> Subscription:
        """Subscribe to changes: `async with slack.subscribe() as changes: async for change in changes`."""
        return Subscription(self.changes)

    def transcript(self, channel: Channel | str | None = None) -> str:
        """Return the text of one or all channels; threads indented, ephemeral messages marked."""
        return render_transcript(self, channel)

    def snapshot(self, viewer: Any) -> Json:
        """Return what this person's client shows, as JSON."""
        return render_snapshot(self, getattr(viewer, "id", viewer))
