"""The call about the organization's emoji. https://buildkite.com/docs/apis/rest-api/emojis"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.buildkite.request import Ask, Calls, items, read
from bot.model import Vendor


def _names(value: Any) -> Any:
    return value or ()


class Emoji(Vendor):
    """`name` and `aliases` are without colons; `url` leads to a picture.

    https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
    """

    name: str
    url: str = ""
    aliases: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()


class EmojiCalls(Calls):
    """Reads the emoji that build messages and labels may use."""

    async def emojis(self) -> tuple[Emoji, ...]:
        """All of them, the well-known ones included: one array, no pages.

        https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
        """
        response = await self.requests.send(Ask("GET", self.path("emojis"), "emojis"))
        return tuple(read(Emoji, item, sent=False) for item in items(response))
