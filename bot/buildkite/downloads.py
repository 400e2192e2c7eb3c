"""Fetches the file that a link of an answer leads to: without the token, from public addresses, so many bytes."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv6Address, ip_address, ip_network

import httpx

from bot.errors import Conflict, Unavailable

SECONDS = 30.0
_HEADERS = {"User-Agent": "kitestring", "Accept": "*/*", "Accept-Encoding": "identity"}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# https://www.rfc-editor.org/rfc/rfc6052: an address of the other kind inside one that looks public.
_TRANSLATED = ip_network("64:ff9b::/96")


async def fetch(http: httpx.AsyncClient, link: str, most: int) -> bytes:
    """The bytes behind `link`, at most `most`.

    Who uploads to storage of their own chooses where such a link leads. So: https alone, nothing of ours in the
    request, no redirect, and no address but a public one, to which the connection is then made. Where the API
    itself is on loopback, its own origin is allowed. Raises Conflict for what is not fetched, Unavailable where
    there is no answer.
    """
    request = await _request(link, http.base_url)
    try:
        async with asyncio.timeout(SECONDS):
            return await _read(http, request, most)
    except TimeoutError as error:
        raise Unavailable(f"The file did not arrive within {SECONDS:.0f} seconds.") from error
    except httpx.TransportError as error:
        raise Unavailable("The storage of that file did not answer.", "Try again in a moment.") from error


async def _request(link: str, api: httpx.URL) -> httpx.Request:
    url = _url(link)
    if _origin(url) == _origin(api) and api.host in _LOOPBACK:
        return httpx.Request("GET", url, headers=_HEADERS)
    if url.scheme != "https" or url.userinfo or url.port not in {None, 443}:
        raise _elsewhere()
    return pinned(url, await _public(url.host))


def pinned(url: httpx.URL, address: str) -> httpx.Request:
    """A request to that very address: the name is in the Host header and in TLS, and is not looked up again."""
    host = url.raw_host.decode("ascii")
    headers, extensions = {**_HEADERS, "Host": host}, {"sni_hostname": host}
    return httpx.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)


def _url(link: str) -> httpx.URL:
    try:
        return httpx.URL(link)
    except httpx.InvalidURL as error:
        raise _elsewhere() from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _public(host: str) -> str:
    """An address of that host, all of whose addresses are public. Raises Conflict, or Unavailable without any."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable("The storage of that file has no address.", "Try again in a moment.") from error
    addresses = [str(item[4][0]) for item in found]
    if not addresses or not all(map(public, addresses)):
        raise _elsewhere()
    return addresses[0]


def public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and hides no other one."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _TRANSLATED):
        return False
    return ip.is_global and not ip.is_multicast


async def _read(http: httpx.AsyncClient, request: httpx.Request, most: int) -> bytes:
    response = await http.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"The storage of that file answered {response.status_code}.", "Try again.")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > most:
                raise Conflict(f"That file is larger than {most:,} bytes.")
        return bytes(content)
    finally:
        await response.aclose()


def _elsewhere() -> Conflict:
    return Conflict("That file is stored where I do not go.", "Open it in Buildkite.")
