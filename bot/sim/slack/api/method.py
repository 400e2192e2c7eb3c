"""What a Web API method is: a name, the scopes it needs, and a handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sim.slack.api.arguments import Arguments

if TYPE_CHECKING:
    from bot.sim.slack.sim import SlackSim

Json = dict[str, Any]
Handler = Callable[["SlackSim", Arguments], Json]


@dataclass(frozen=True)
class Method:
    """`scopes` lists alternatives; `token` is bot, app or none."""

    name: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    token: str = "bot"
