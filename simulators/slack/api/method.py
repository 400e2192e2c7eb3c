"""Web API methods: a name, the scopes it needs, and a handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.installation import Installation

Json = dict[str, Any]
Handler = Callable[[Installation, Arguments], Json]


@dataclass(frozen=True)
class Method:
    """A method. `scopes` lists alternatives; `token` is bot, app or none."""

    name: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    token: str = "bot"
