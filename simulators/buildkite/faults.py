"""Faults on demand: the next matching requests fail, hang or lose their response."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Fault:
    """A fault for the next `times` requests whose method and path match.

    `kind`: `status` answers with `status`; `reset` cuts the connection; `hang` answers only after `release()`.
    `applied`: the request takes effect first, and only its response is lost.
    """

    kind: str
    times: int = 1
    method: str | None = None
    path: str = ""
    status: int = 500
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in (None, method) and bool(re.search(self.path, path))

    def release(self) -> None:
        """Let every hanging request continue."""
        self.released.set()


class Faults:
    """The pending faults, in the order in which they were added. `path` is a regular expression."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []

    def fail(
        self,
        status: int = 500,
        *,
        times: int = 1,
        method: str | None = None,
        path: str = "",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        applied: bool = False,
    ) -> Fault:
        """Answer the next `times` matching requests with `status`."""
        more: dict[str, Any] = {"body": body, "headers": headers or {}, "applied": applied}
        return self._add(Fault("status", times, method, path, status, **more))

    def reset(self, *, times: int = 1, method: str | None = None, path: str = "", applied: bool = False) -> Fault:
        """Cut the connection of the next `times` matching requests."""
        return self._add(Fault("reset", times, method, path, applied=applied))

    def hang(self, *, times: int = 1, method: str | None = None, path: str = "", applied: bool = False) -> Fault:
        """Make the next `times` matching requests wait for `release()`; `arrived` is set when one arrives."""
        return self._add(Fault("hang", times, method, path, applied=applied))

    def clear(self) -> None:
        self.coming.clear()

    def _add(self, fault: Fault) -> Fault:
        self.coming.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, counted as used once."""
        for fault in self.coming:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None
