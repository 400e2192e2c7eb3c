"""Downloads a linked file within a size limit: without the API token, and from public addresses only."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv6Address, ip_address, ip_network

import httpx

from bot.errors import Conflict, Unavailable

TIMEOUT_SECONDS = 30.0
_HEADERS = {"User-Agent": "kitestring", "Accept": "*/*", "Accept-Encoding": "identity"}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# NAT64 addresses look public but contain an IPv4 address. https://www.rfc-editor.org/rfc/rfc6052
_TRANSLATED = ip_network("64:ff9b::/96")


async def fetch(http: httpx.AsyncClient, link: str, max_bytes: int) -> bytes:
    """Return the bytes behind `link`, at most `max_bytes`.

    Organizations with their own artifact storage choose where the link leads, so it could point into our network.
    Therefore: only https, no credentials, no redirects, and only public addresses; the connection is made to the
    very address that was checked. If the API itself is on loopback (in tests), its own origin is allowed too.
    Raise Conflict for a file that isn't fetched, and Unavailable if its host doesn't answer.
    """
    request = await _make_request(link, http.base_url)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _read(http, request, max_bytes)
    except TimeoutError as error:
        raise Unavailable(f"The file didn't arrive within {TIMEOUT_SECONDS:.0f} seconds.") from error
    except httpx.TransportError as error:
        raise Unavailable("The file's storage didn't answer.", "Try again in a moment.") from error


async def _make_request(link: str, api: httpx.URL) -> httpx.Request:
    url = _parse_url(link)
    if _get_origin(url) == _get_origin(api) and api.host in _LOOPBACK:
        return httpx.Request("GET", url, headers=_HEADERS)
    if url.scheme != "https" or url.userinfo or url.port not in {None, 443}:
        raise _untrusted_host_error()
    return pin_to_address(url, await _resolve_public(url.host))


def pin_to_address(url: httpx.URL, address: str) -> httpx.Request:
    """Return a request to exactly this address; the host name is only used in the Host header and in TLS.

    Resolving the name a second time could yield another, private address (DNS rebinding).
    """
    host = url.raw_host.decode("ascii")
    headers, extensions = {**_HEADERS, "Host": host}, {"sni_hostname": host}
    return httpx.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)


def _parse_url(link: str) -> httpx.URL:
    try:
        return httpx.URL(link)
    except httpx.InvalidURL as error:
        raise _untrusted_host_error() from error


def _get_origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _resolve_public(host: str) -> str:
    """Return an address of `host`; raise Conflict unless all of them are public, Unavailable if it has none."""
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable("The host of the file's storage can't be resolved.", "Try again in a moment.") from error
    addresses = [str(entry[4][0]) for entry in resolved]
    if not addresses or not all(map(is_public, addresses)):
        raise _untrusted_host_error()
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an IP address is public and doesn't embed another address."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _TRANSLATED):
        return False
    return ip.is_global and not ip.is_multicast


async def _read(http: httpx.AsyncClient, request: httpx.Request, max_bytes: int) -> bytes:
    response = await http.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"The file's storage answered {response.status_code}.", "Try again.")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > max_bytes:
                raise Conflict(f"That file is larger than {max_bytes:,} bytes.")
        return bytes(content)
    finally:
        await response.aclose()


def _untrusted_host_error() -> Conflict:
    return Conflict("I don't download from that file's host.", "Open it in Buildkite.")
