"""Opens HTTP clients, all with the same limits, time-outs and name."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache

import httpx

from bot import __version__

# Seconds for each of connecting, sending and reading.
TIMEOUT_SECONDS = 10.0
# More requests at once than the budget of any Buildkite token allows within a few seconds.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


def open_http_client(
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Open a client that checks certificates and follows no redirect, which could carry a token elsewhere."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": f"kitestring/{__version__}", **(headers or {})},
        timeout=timeout,
        limits=_LIMITS,
        follow_redirects=False,
        transport=transport,
        verify=_load_authorities(),
    )


@cache
def _load_authorities() -> ssl.SSLContext:
    """Return the trusted authorities, once for all clients: loading them takes 30 ms and 700 KB."""
    return httpx.create_ssl_context()
