"""Trigger ids and response URLs, which a payload makes valid for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.slack.errors import ApiError
from simulators.slack.ids import Ids
from simulators.slack.models import Message

TRIGGER_SECONDS = 3
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


@dataclass
class Trigger:
    """A trigger id: lets the app open one view for one person."""

    user: str
    born: float
    used: bool = False


@dataclass
class ResponseUrl:
    """A response URL; `source` is the message it can replace or delete."""

    path: str
    user: str
    channel: str
    born: float
    source: Message | None = None
    uses: int = 0


class Callbacks:
    """All trigger ids and response URLs issued so far."""

    def __init__(self, now: Callable[[], float], ids: Ids, team: str) -> None:
        self._now = now
        self._ids = ids
        self._team = team
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, ResponseUrl] = {}

    def issue_trigger(self, user: str) -> str:
        """Return a new trigger_id for this person's action."""
        name = self._ids.trigger()
        self._triggers[name] = Trigger(user, self._now())
        return name

    def redeem(self, name: Any) -> str:
        """Return whose trigger it is; single use, within 3 seconds.

        Raise ApiError: invalid_trigger_id, expired_trigger_id, exchanged_trigger_id.
        """
        trigger = self._triggers.get(str(name))
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._now() - trigger.born > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def issue_response_url(self, kind: str, user: str, channel: str, source: Message | None = None) -> str:
        """Return the path of a new response URL; `kind` is commands, actions or app."""
        path = f"/{kind}/{self._team}/{self._ids.number()}/{self._ids.token()}"
        self._hooks[path] = ResponseUrl(path, user, channel, self._now(), source)
        return path

    def find_response_url(self, path: str) -> ResponseUrl:
        """Return the response URL without using it. Raise KeyError."""
        return self._hooks[path]

    def use_response_url(self, path: str) -> ResponseUrl:
        """Use a response URL once. Raise ApiError: invalid_url, expired_url, used_url."""
        hook = self._hooks.get(path)
        if hook is None:
            raise ApiError("invalid_url")
        if self._now() - hook.born > RESPONSE_URL_SECONDS:
            raise ApiError("expired_url")
        if hook.uses >= RESPONSE_URL_USES:
            raise ApiError("used_url")
        hook.uses += 1
        return hook
