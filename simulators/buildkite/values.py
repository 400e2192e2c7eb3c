"""Values as Buildkite writes them: ids, times, refusals."""

import base64
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def new_uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def graphql_id(kind: str, ident: str) -> str:
    """Return base64 of `Type---uuid`, as in every `graphql_id`."""
    return base64.b64encode(f"{kind}---{ident}".encode()).decode()


def iso(at: float | None) -> str | None:
    """Format a time like `2026-08-21T02:00:00.000Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_form(text: str) -> str:
    """Convert an ISO text into `2026-08-21 02:00:00 UTC`, as webhooks write times."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")


def parse_time(text: str) -> float:
    """Parse a time parameter into seconds since the epoch. Raise ValueError."""
    at = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


@dataclass
class Refusal(Exception):
    """Raised when Buildkite refuses, with the HTTP status and message of its response."""

    status: int
    message: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.message}"


def refuse_missing(what: str) -> Refusal:
    return Refusal(404, f"No {what} found")


def refuse_invalid(**codes: str) -> Refusal:
    """Return the 422 that lists fields with codes."""
    errors = [{"field": name, "code": code} for name, code in codes.items()]
    return Refusal(422, "Validation Failed", {"errors": errors})
