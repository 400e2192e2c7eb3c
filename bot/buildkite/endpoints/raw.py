"""Reads any path of the REST API that has no call of its own. https://buildkite.com/docs/apis/rest-api"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ConfigDict

from bot.buildkite.models import Vendor
from bot.buildkite.response_parsing import parse_value, read_items, read_json, read_next_query
from bot.buildkite.transport import ApiRequest, Calls


class RawObject(Vendor):
    """An object with all fields that Buildkite returned."""

    model_config = ConfigDict(extra="allow")

    @property
    def fields(self) -> Mapping[str, object]:
        """Fields by name, with their JSON values."""
        return self.model_extra or {}


class RawPage(NamedTuple):
    """A single object, or one page of a list; `more` means that another page follows."""

    objects: tuple[RawObject, ...]
    more: bool


class RawCalls(Calls):
    """Reads objects that have no call of their own: audit events, portals, schedules, invitations."""

    async def read_raw(self, path: str, *, params: Mapping[str, str] | None = None) -> RawPage:
        """Read one page of a path below the organization, such as `audit_events` or `teams/UUID/members`.

        `params` are query parameters, including `page` and `per_page`.
        """
        full_path = self.format_path(*path.strip("/").split("/"))
        response = await self.requests.send(ApiRequest("GET", full_path, path, list((params or {}).items())))
        content = read_json(response)
        is_list = not isinstance(content, dict) or "items" in content
        objects = tuple(
            parse_value(RawObject, value, sent=False) for value in (read_items(response) if is_list else [content])
        )
        return RawPage(objects, bool(read_next_query(response)))
