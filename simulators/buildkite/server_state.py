"""The state behind the simulated API: tokens, limits, faults, storage, webhooks and the requests received."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.buildkite.faults import Faults
from simulators.buildkite.limits import Limits
from simulators.buildkite.scopes import ALL_SCOPES
from simulators.buildkite.state import World
from simulators.buildkite.tokens import Token
from simulators.buildkite.webhooks import Webhooks

TOKEN = "bkua_sim"
AGENT_TOKEN = "bkct_sim"


@dataclass(frozen=True)
class RecordedRequest:
    """One exchange. `status` 0: the connection was cut. `headers` are the request's, without Authorization.

    `by` is the name of the token's user; empty if no token was accepted.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    json: Any
    status: int
    response_json: Any
    response_headers: dict[str, str]
    by: str = ""


@dataclass
class Storage:
    """`contents` by artifact id; `elsewhere` holds links into a customer's own storage, returned unchanged."""

    contents: dict[str, bytes] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)


class ServerState(World):
    """An organization plus all that its HTTP interface needs; the request handlers work on this."""

    def __init__(
        self,
        org: str = "acme-inc",
        token: str = TOKEN,
        agent_token: str = AGENT_TOKEN,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        super().__init__(org, now, seed)
        self.token = token
        self.agent_token = agent_token
        self.own = Token(token, self.new_id(), self.user, set(ALL_SCOPES), self.created_at)
        self.tokens = {token: self.own}
        self.down = False
        self.limits = Limits()
        self.faults = Faults()
        self.storage = Storage()
        self.requests: deque[RecordedRequest] = deque(maxlen=2000)
        self.hooks = Webhooks(self, random.Random(seed + 1))
        self.poll_duration = 10
        self.stacks: dict[str, dict[str, Any]] = {}
        self.lists_stacks = True
        self.webhook_ips = ["192.0.2.0/24", "198.51.100.12"]
