"""Reads files that people attach to a form, while the form is still open."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping

from bot.errors import UsageError
from bot.slack.api_errors import SlackError
from bot.slack.form_values import AttachedFile
from bot.slack.web_client import SlackClient

FILE_LIMIT = 400_000
# Slack waits three seconds for the answer to a form; validation needs some of them too.
DOWNLOAD_SECONDS = 1.5


class FormFiles:
    """Downloads files from Slack only, with limits on size and time."""

    def __init__(self, api: SlackClient) -> None:
        self._api = api

    async def texts(self, files: Mapping[str, AttachedFile], typed: Container[str]) -> dict[str, str]:
        """Return the text of each file by argument. Raises UsageError for a file that can't be read."""
        both = next((name for name in files if name in typed), None)
        if both:
            raise UsageError("Type it or attach a file, not both.", field=both)
        return {name: await self._read_text(name, file) for name, file in files.items()}

    async def _read_text(self, name: str, file: AttachedFile) -> str:
        content = await self._download(name, file.url_private_download or "")
        if len(content) > FILE_LIMIT:
            raise UsageError(f"That file is too large. The limit is  {FILE_LIMIT // 1000} kB.", field=name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("That file isn't UTF-8 text.", field=name) from None

    async def _download(self, name: str, url: str) -> bytes:
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS):
                return await self._api.download(url, FILE_LIMIT)
        except (SlackError, TimeoutError):
            text = "I couldn't download that file from Slack."
            raise UsageError(text, "Submit the form again, or type the text instead.", name) from None
