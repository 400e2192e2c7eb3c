"""Follows where the requests of a connection begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import httptools

# The header fields of a request. Names are in lower case; of a repeated field the first value is kept.
HeaderFields = Mapping[bytes, bytes]
RequestPhase = Literal["idle", "head", "body"]
# A request with any of these fields isn't a plain one.
_UNUSUAL_FIELDS = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


class Framing:
    """The part of the request that a connection's bytes have reached, and the head of the last request.

    Uses the same parser as uvicorn with httptools, so both agree on what a request is. After a byte that isn't
    HTTP, `broken` is true, and the phase stays as it was.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        # As uvicorn does: a request that follows `Connection: close` must not spoil the answer to the one before.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.phase: RequestPhase = "idle"
        self.broken = False
        self.heads = 0
        self.requests = 0
        self.path = b""
        self.fields: dict[bytes, bytes] = {}
        self.keep_alive = True

    def feed(self, piece: bytes) -> None:
        """Follow this piece of the connection's bytes."""
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            return  # uvicorn answers such a request like any other
        except httptools.HttpParserError:
            self.broken = True

    def is_plain_post(self) -> bool:
        """Return whether the request, whose head is complete, is a POST with a length and nothing unusual."""
        has_length = self.fields.get(b"content-length", b"").isdigit()
        return has_length and self._parser.get_method() == b"POST" and _UNUSUAL_FIELDS.isdisjoint(self.fields)

    def on_message_begin(self) -> None:
        """Enter the phase of the head."""
        self.phase, self.path, self.fields = "head", b"", {}

    def on_url(self, url: bytes) -> None:
        """Add a piece of the request's target."""
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header field."""
        self.fields.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        """Enter the phase of the body."""
        self.phase = "body"
        self.heads += 1
        self.keep_alive = self._parser.get_http_version() != "1.0" and self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """Count the request."""
        self.phase = "idle"
        self.requests += 1
