"""The app as it is installed in the workspace: its tokens, scopes and settings, and what it has shown so far."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.slack.errors import ApiError
from simulators.slack.faults import Faults
from simulators.slack.ids import Ids
from simulators.slack.modals import OpenViews
from simulators.slack.models import Message
from simulators.slack.rate_limits import RateLimits
from simulators.slack.state import APP_ID, Workspace
from simulators.slack.triggers import Callbacks
from simulators.slack.views import View

Json = dict[str, Any]
SCOPES = frozenset(
    {"commands", "chat:write", "app_mentions:read", "users:read", "users:read.email", "usergroups:read"}
    | {"links:read", "links:write", "channels:read", "groups:read", "im:write", "files:write", "files:read"}
    | {"channels:history", "groups:history", "im:history", "reactions:write", "metadata.message:read"}
)


@dataclass(frozen=True)
class Call:
    """One request of the app with its outcome; `at` is by the simulator's clock."""

    method: str
    args: Json
    status: int
    ok: bool
    error: str | None
    at: float


class Installation(Workspace):
    """A workspace with one app. The Web API and the payload builders need no more than this.

    `scopes`, `subscriptions`, `command_names`, `unknown_blocks`, `limits`, `limits_on`, `edit_window`, `patience`,
    `refusal_status`, `revoked` and `down` may be changed at any time. With `request_url` None everything goes over
    Socket Mode.
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
        self.limits, self.limits_on = RateLimits(now), True
        self.edit_window: float | None = None
        self.patience = 3.0  # seconds in which an app must acknowledge
        self.refusal_status = 400  # of response URLs; Slack documents none
        self.revoked = self.down = False
        self.faults = Faults()
        self.callbacks = Callbacks(now, self.ids, team)
        self.open_views = OpenViews(self)
        self.socket_tickets: set[str] = set()
        self.sign_ins: dict[str, Any] = {}
        self.calls: deque[Call] = deque(maxlen=10_000)
        self.problems: list[Json] = []
        self.confirmations: list[Json] = []
        self.composer_unfurls: Json = {}
        self.message_inputs: dict[tuple[str, str], dict[str, dict[str, Json]]] = {}
        self.offered_options: dict[tuple[str, str], list[Json]] = {}

    def require_scope(self, alternatives: tuple[str, ...]) -> None:
        """Raise ApiError missing_scope unless one of them is granted."""
        if not self.scopes.intersection(alternatives):
            provided = ",".join(sorted(self.scopes))
            raise ApiError("missing_scope", needed=",".join(alternatives), provided=provided)

    def permalink(self, message: Message) -> str:
        """Return the address of a message."""
        link = f"{self.base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def socket_url(self) -> str:
        """Return a websocket address that one connection can use once."""
        ticket = self.ids.uuid()
        self.socket_tickets.add(ticket)
        return f"{self.base_url.replace('http', 'ws', 1)}/socket/link/?ticket={ticket}&app_id={APP_ID}"

    def modal_of(self, user: Any) -> View | None:
        """Return the modal in front of this person."""
        return self.open_views.top(getattr(user, "id", user))

    def modals_of(self, user: Any) -> list[View]:
        """Return this person's whole stack of modals, the front one last."""
        return list(self.open_views.stacks.get(getattr(user, "id", user), []))

    def home_of(self, user: Any) -> View | None:
        """Return the home tab that was published for this person."""
        return self.open_views.homes.get(getattr(user, "id", user))

    def record_problem(self, user: str, channel: str | None, problem: str, about: str) -> None:
        """Record an error that Slack showed to a person."""
        self.problems.append({"user": user, "channel": channel, "problem": problem, "about": about})
        self.changes.notify("problem", user=user, channel=channel, problem=problem)
