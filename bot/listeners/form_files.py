"""Files that people attach to a form, read as text while the form is still open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.errors import UsageError
from bot.slack.api_errors import SlackError
from bot.slack.web_client import SlackClient

MOST = 400_000
# Slack waits three seconds for the answer to a form.
SECONDS = 1.5


class Attached:
    """Fetches from Slack alone, a bounded number of bytes in a bounded time."""

    def __init__(self, api: SlackClient) -> None:
        self._api = api

    async def texts(self, files: Mapping[str, Mapping[str, Any]], typed: Mapping[str, Any]) -> dict[str, str]:
        """The text of each file, by argument. Raises UsageError, which names the argument, where there is none."""
        both = next((name for name in files if name in typed), None)
        if both:
            raise UsageError("Either type it or attach a file, not both.", field=both)
        return {name: await self._text(name, file) for name, file in files.items()}

    async def _text(self, name: str, file: Mapping[str, Any]) -> str:
        content = await self._fetched(name, str(file.get("url_private_download") or ""))
        if len(content) > MOST:
            raise UsageError(f"That file is too big: I read at most {MOST // 1000} kB.", field=name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("That file is no text in UTF-8.", field=name) from None

    async def _fetched(self, name: str, url: str) -> bytes:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._api.download(url, MOST)
        except (SlackError, TimeoutError):
            said = "Slack did not give me that file."
            raise UsageError(said, "Send the form again, or type the text in its place.", name) from None
