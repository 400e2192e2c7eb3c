"""What a Web API method is: a name, the scopes it needs, and a handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.slack.api.arguments import Arguments

if TYPE_CHECKING:
    from simulators.slack.sim import SlackSim


Json = dict[str, Any]
Handler = Callable[["SlackSim", Arguments], Json]


@dataclass(frozen=True)
class Method:
    """`scopes` lists alternatives; `token` is bot, app or none."""

    name: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    token: str = "bot"
