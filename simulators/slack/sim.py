"""The Slack stand-in: one workspace with one app, over real HTTP."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from simulators.slack.changes import Subscription
from simulators.slack.delivery import Ack, Delivery, Event, Outgoing, Sent
from simulators.slack.errors import ApiError
from simulators.slack.faults import Faults
from simulators.slack.ids import Ids
from simulators.slack.modals import Panes
from simulators.slack.models import Channel, Group, Message, Profile
from simulators.slack.payloads import Payloads
from simulators.slack.person import Person
from simulators.slack.rate_limits import Pace
from simulators.slack.snapshot import snapshot, transcript
from simulators.slack.sockets import Sockets
from simulators.slack.state import BOT_USER, Workspace
from simulators.slack.triggers import Grants
from simulators.slack.views import View
from simulators.slack.web import Call, Web

Json = dict[str, Any]
SCOPES = frozenset(
    {"commands", "chat:write", "app_mentions:read", "users:read", "users:read.email", "usergroups:read"}
    | {"links:read", "links:write", "channels:read", "groups:read", "im:write", "files:write", "files:read"}
    | {"channels:history", "groups:history", "im:history", "reactions:write", "metadata.message:read"}
)
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "link_shared": "links:read",
    "reaction_added": "reactions:read",
    "member_joined_channel": "channels:read",
}


class SlackSim(Workspace):
    """Serve `app`, put its address into `base_url`, and the bot's POST address into `request_url`.

    With `request_url` None everything goes over Socket Mode. `scopes`, `subscriptions`, `command_names`,
    `unknown_blocks`, `limits`, `limits_on`, `edit_window`, `patience`, `revoked` and `down` may be changed at any
    time.
    """

    def __init__(
        self,
        *,
        signing_secret: str,
        bot_token: str = "xoxb-sim",  # noqa: S107 - made up
        app_token: str = "xapp-sim",  # noqa: S107 - made up
        team: str = "T0BUILD01",
        now: Callable[[], float] = time.time,
        seed: int = 0,
        bot_name: str = "kitestring",
    ) -> None:
        super().__init__(team, now, Ids(now, seed), bot_name)
        self.signing_secret, self.bot_token, self.app_token = signing_secret, bot_token, app_token
        self.base_url = ""
        self.request_url: str | None = None
        self.scopes = set(SCOPES)
        self.subscriptions = {"app_mention", "message.im", "app_home_opened"}
        self.command_names = {"/bk"}
        self.unfurl_domains: set[str] = set()
        self.unknown_blocks: set[str] = set()
        self.limits, self.limits_on = Pace(now), True
        self.edit_window: float | None = None
        self.patience = 3.0
        self.revoked = self.down = False
        self.faults = Faults()
        self.grants = Grants(now, self.ids, team)
        self.panes, self.payloads = Panes(self), Payloads(self)
        self.sockets, self.delivery = Sockets(self), Delivery(self)
        self.app = Web(self)
        self.people: dict[str, Person] = {}
        self.calls: deque[Call] = deque(maxlen=10_000)
        self.problems: list[Json] = []
        self.events: list[Event] = []
        self.confirmed: list[Json] = []
        self.composer_unfurls: Json = {}
        self.touched: dict[tuple[str, str], dict[str, dict[str, Json]]] = {}
        self.offered: dict[tuple[str, str], list[Json]] = {}

    def person(self, id: str, name: str, email: str | None = None, **more: Any) -> Person:
        """A new member; `more` is any other field of Profile."""
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
        """A new channel; members are people or ids, everyone there is when left out."""
        ids = list(self.people) if members is None else [getattr(m, "id", m) for m in members]
        kind = "group" if private else "channel"
        made = Channel(id, name, kind, ids + ([BOT_USER] if bot_in else []), archived, shared)
        self.channels[id] = made
        return made

    def group(self, id: str, handle: str, users: list[Any], *, disabled: bool = False) -> Group:
        """A new user group."""
        self.groups[id] = Group(id, handle, handle.title(), [getattr(u, "id", u) for u in users], disabled)
        return self.groups[id]

    def need_scope(self, alternatives: tuple[str, ...]) -> None:
        """Raises ApiError missing_scope unless one of them is granted."""
        if not self.scopes.intersection(alternatives):
            provided = ",".join(sorted(self.scopes))
            raise ApiError("missing_scope", needed=",".join(alternatives), provided=provided)

    def permalink(self, message: Message) -> str:
        """The address of a message."""
        link = f"{self.base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def modal_of(self, user: Any) -> View | None:
        """The modal in front of this person."""
        return self.panes.top(getattr(user, "id", user))

    def modals_of(self, user: Any) -> list[View]:
        """The whole stack, the front one last."""
        return list(self.panes.stacks.get(getattr(user, "id", user), []))

    def home_of(self, user: Any) -> View | None:
        """The home tab that was published for this person."""
        return self.panes.homes.get(getattr(user, "id", user))

    def trouble(self, user: str, channel: str | None, problem: str, about: str) -> None:
        """Note an error that Slack showed to a person."""
        self.problems.append({"user": user, "channel": channel, "problem": problem, "about": about})
        self.notices.tell("problem", user=user, channel=channel, problem=problem)

    async def emit(self, inner: Json, subscription: str, *, shared: bool = False) -> Ack | None:
        """Deliver an event if the app is subscribed and has the scope; None when it is not."""
        scope = EVENT_SCOPES.get(subscription)
        if subscription not in self.subscriptions or (scope and scope not in self.scopes):
            return None
        event = Event(self.payloads.event(inner, shared))
        self.events.append(event)
        return await self._deliver(event, "")

    async def redeliver(self, event: Event | None = None, reason: str = "http_timeout") -> Ack:
        """Deliver an event again, the last one when left out, with retry headers."""
        return await self._deliver(event or self.events[-1], reason)

    @property
    def undelivered(self) -> list[Event]:
        """Events that the app has never acknowledged."""
        return [event for event in self.events if not event.acknowledged]

    async def _deliver(self, event: Event, reason: str) -> Ack:
        reason = "timeout" if reason == "http_timeout" and self.request_url is None else reason
        ack = await self.delivery.send(Outgoing("events_api", event.payload, event.deliveries, reason))
        event.deliveries += 1
        event.acknowledged = event.acknowledged or ack.ok
        self.notices.tell("event", id=event.id, type=event.type, ok=ack.ok)
        return Ack(ack.status, ack.body, ack.seconds, ack.problem, event=event)

    @property
    def last_request(self) -> Sent | None:
        """The request that went to the app last."""
        return self.delivery.last

    async def replay(self, sent: Sent | None = None) -> Ack:
        """Send the exact same signed request again, the last one when left out."""
        again = sent or self.delivery.last
        if again is None:
            raise LookupError("Nothing was sent to the app yet.")
        return await self.delivery.send_again(again)

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send every Socket Mode connection a disconnect frame."""
        await self.sockets.disconnect(reason)

    async def until(self, condition: Callable[[], Any], timeout: float = 10) -> Any:  # noqa: ASYNC109 - the waiting is the point
        """The first true value of `condition`, asked after each change; AssertionError with the story else."""
        return await self.notices.until(condition, timeout, self.transcript)

    def subscribe(self) -> Subscription:
        """Change notices from now on: `async with slack.subscribe() as notices: async for notice in notices`."""
        return Subscription(self.notices)

    def transcript(self, channel: Channel | str | None = None) -> str:
        """What can be read in a channel, or in all of them; threads indented, private words marked."""
        return transcript(self, channel)

    def snapshot(self, viewer: Any) -> Json:
        """What this person's client shows, as JSON."""
        return snapshot(self, getattr(viewer, "id", viewer))
