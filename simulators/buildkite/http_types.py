"""Requests, responses and operations of the simulated API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams

from simulators.buildkite.server_state import ServerState
from simulators.buildkite.tokens import Token


@dataclass(frozen=True)
class ApiRequest:
    """A request that passed authentication with `token`. `json` is the body, `{}` if there was none."""

    method: str
    path: str
    base_url: str
    params: Mapping[str, Any]
    query: QueryParams
    headers: Headers
    json: Mapping[str, Any]
    token: Token

    def flag(self, name: str, default: bool = False) -> bool:
        """Read a boolean parameter."""
        value = self.query.get(name)
        return default if value is None else value in ("true", "1")

    def words(self, name: str) -> list[str]:
        """Read a parameter given once (`name=a`) or as an array (`name[]=a&name[]=b`)."""
        return [*self.query.getlist(name), *self.query.getlist(f"{name}[]")]


@dataclass(frozen=True)
class ApiResponse:
    """A response. `body` is sent as JSON; `text`, if given, is sent unchanged."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: bytes | None = None
    media_type: str = "text/plain; charset=utf-8"


Handler = Callable[[ServerState, ApiRequest], ApiResponse]


@dataclass(frozen=True)
class Operation:
    """An API operation. `scope` is the token scope it needs; None: any token; `public`: no token at all."""

    method: str
    path: str
    scope: str | None
    handler: Handler
    public: bool = False
