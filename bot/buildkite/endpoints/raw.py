"""Whatever else the REST API has to read: by its path, without a model. https://buildkite.com/docs/apis/rest-api"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ConfigDict

from bot.buildkite.models import Vendor
from bot.buildkite.transport import Ask, Calls, body, following, items, read


class Document(Vendor):
    """An object with whatever fields Buildkite gave it."""

    model_config = ConfigDict(extra="allow")

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields by name, as JSON has them."""
        return self.model_extra or {}


class Documents(NamedTuple):
    """One object, or a page of several; `more`: there is another page."""

    found: tuple[Document, ...]
    more: bool


class DocumentCalls(Calls):
    """Reads what has no call of its own: audit events, portals, schedules, invitations."""

    async def documents(self, path: str, *, params: Mapping[str, str] | None = None) -> Documents:
        """What is at this path below the organization (`audit_events`, `teams/UUID/members`): one page of it.

        `params` are those of the query, `page` and `per_page` among them.
        """
        where = self.path(*path.strip("/").split("/"))
        response = await self.requests.send(Ask("GET", where, path, list((params or {}).items())))
        whole = body(response)
        several = not isinstance(whole, dict) or "items" in whole
        found = tuple(read(Document, item, sent=False) for item in (items(response) if several else [whole]))
        return Documents(found, bool(following(response)))
