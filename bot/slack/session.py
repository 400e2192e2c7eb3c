"""Opens connections to Slack that never follow redirects, and calls addresses that Slack gave us.

Tokens, messages and files must not end up elsewhere, so an address is only used if it's on Slack's own hosts.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import msgspec
from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.json_types import JsonObject
from bot.slack.api_errors import SlackError, classify_refusal, translate_errors

# Subdomains of Slack's host for response URLs and for files.
_RESPONSES, _FILES = "hooks", "files"
# Names of calls to addresses that Slack gave us: the addresses are secret, and each is different.
_RESPOND, _UPLOAD, _DOWNLOAD = "response_url", "upload_url", "url_private_download"


def ignore_limited_call(_method: str) -> None:
    """Count nothing."""


def open_session(
    seconds: float, count_limited: Callable[[str], None] = ignore_limited_call
) -> aiohttp.ClientSession:
    """Return a session with a time-out in seconds; a redirect raises aiohttp.TooManyRedirects.

    `count_limited` gets the method of each call that Slack answers with 429. Counting where all answers pass,
    rather than where errors are handled, leaves no call out.
    """

    async def count(
        _session: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        if end.response.status == 429:
            count_limited(context.trace_request_ctx or end.url.name)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse_redirect)
    tracing.on_request_end.append(count)
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), trace_configs=[tracing])


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    redirect.response.close()
    raise aiohttp.TooManyRedirects(redirect.response.request_info, (redirect.response,))


class _Outcome(msgspec.Struct, frozen=True):
    """An answer that says whether a message was taken."""

    ok: bool = True
    error: str = "refused"


def _find_refusal(text: str) -> str:
    """Return the error that an answer names, "" if it names none.

    Slack doesn't document which status a response URL refuses a message with, nor whether in JSON or plain text,
    so a refusal is recognized by what it says.
    """
    if "invalid_blocks" in text:
        return "invalid_blocks"
    try:
        outcome = msgspec.json.decode(text, type=_Outcome)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""
    return "" if outcome.ok else outcome.error


class UrlCalls:
    """Makes calls to upload, download and response URLs, which raise SlackError; `session` sets the time-out."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session

    async def download(self, url: str, max_bytes: int) -> bytes:
        """Download an attached file, up to one byte more than `max_bytes` so that callers can tell it's too large.

        The token is sent to Slack's own hosts only.
        https://docs.slack.dev/reference/objects/file-object#authentication
        """
        if not self._is_slack_url(url, _FILES):
            raise SlackError("refused", "url_private_download is not Slack's")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        downloading = self._session.get(url, headers=headers, allow_redirects=False, trace_request_ctx=_DOWNLOAD)
        async with translate_errors(), downloading as answer:
            if answer.status != 200 or answer.content_type == "text/html":  # HTML is a log-in page
                raise SlackError("refused", f"url_private_download gave {answer.status}")
            content = b""
            async for chunk in answer.content.iter_chunked(1 << 14):
                content += chunk
                if len(content) > max_bytes:
                    break
            return content[: max_bytes + 1]

    async def _send_bytes(self, url: str, content: bytes) -> None:
        """Send a file's bytes: the second of three steps. https://docs.slack.dev/messaging/working-with-files"""
        if not self._is_slack_url(url, _FILES):
            raise SlackError("refused", "upload_url is not Slack's")
        async with self._session.post(
            url, data=content, allow_redirects=False, trace_request_ctx=_UPLOAD
        ) as answer:
            if answer.status != 200:
                raise SlackError("refused", f"upload_url gave {answer.status}")

    async def _post_response(self, url: str, body: JsonObject) -> None:
        if not self._is_slack_url(url, _RESPONSES):
            raise SlackError("refused", "response_url is not Slack's")
        answering = self._session.post(url, json=body, allow_redirects=False, trace_request_ctx=_RESPOND)
        async with translate_errors(), answering as answer:
            code = _find_refusal(await answer.text(errors="replace"))
            if answer.status >= 300 or code:
                wait = answer.headers.get("Retry-After")
                raise classify_refusal(answer.status, code or f"response_url gave {answer.status}", wait)

    def _is_slack_url(self, url: str, below: str) -> bool:
        """Return whether a URL has the origin of SLACK_API_URL or is on its subdomain `below`."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        base = urlsplit(self._client.base_url)
        return parts.scheme == base.scheme and parts.netloc in {base.netloc, f"{below}.{base.netloc}"}
