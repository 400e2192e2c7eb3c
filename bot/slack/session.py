"""The connections to Slack, which follow no redirect: what is sent goes where it was addressed, or nowhere."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp


def session(seconds: float) -> aiohttp.ClientSession:
    """A session whose requests take so long at most; a redirect raises aiohttp.TooManyRedirects."""
    straight = aiohttp.TraceConfig()
    straight.on_request_redirect.append(_refuse)
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), trace_configs=[straight])


async def _refuse(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, seen: aiohttp.TraceRequestRedirectParams
) -> None:
    seen.response.close()
    raise aiohttp.TooManyRedirects(seen.response.request_info, (seen.response,))
