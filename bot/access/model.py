"""One entry of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, from where, and what became of it; `detail` holds no values of variables or fields."""

    id: int
    at: datetime
    invocation: str | None
    user: str | None
    channel: str | None
    thread_ts: str | None
    via: str | None
    operation: str
    transition: str
    detail: dict[str, Any]
