"""Opens connections to Slack that never follow redirects, so that tokens and messages can't end up elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp


def open_session(seconds: float) -> aiohttp.ClientSession:
    """Return a session with a time-out in seconds; a redirect raises aiohttp.TooManyRedirects."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), trace_configs=[tracing])


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    redirect.response.close()
    raise aiohttp.TooManyRedirects(redirect.response.request_info, (redirect.response,))
