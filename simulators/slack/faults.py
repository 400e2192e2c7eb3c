"""Makes the next calls of a method fail, in the ways that networks and Slack do."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Fault:
    """A fault for one call."""

    kind: str
    retry_after: int = 0
    status: int = 200
    error: str = ""
    release: asyncio.Event = field(default_factory=asyncio.Event)


class Faults:
    """Faults by method name; `*` is any method, `response_url` and `upload` are those URLs."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}
        self._share, self._prefix, self._retry_after = 0.0, "", 1
        self._rng = random.Random()

    def take(self, method: str) -> Fault | None:
        """Return the fault for this call, and remove it."""
        for name in (method, "*"):
            if self._waiting.get(name):
                return self._waiting[name].popleft()
        if self._share and method.startswith(self._prefix) and self._rng.random() < self._share:
            return Fault("rate_limit", retry_after=self._retry_after)
        return None

    def rate_limit_share(self, prefix: str, share: float, seed: int, retry_after: int = 1) -> None:
        """Answer HTTP 429 to this share of the calls whose method begins with `prefix`, until cleared."""
        self._prefix, self._share, self._retry_after = prefix, share, retry_after
        self._rng.seed(seed)

    def rate_limit(self, method: str, times: int = 1, retry_after: int = 30) -> None:
        """Answer HTTP 429 with Retry-After in seconds."""
        self._add(method, times, Fault("rate_limit", retry_after=retry_after))

    def fail(self, method: str, times: int = 1, status: int = 503) -> None:
        """Answer an HTTP error without a useful body."""
        self._add(method, times, Fault("fail", status=status))

    def garble(self, method: str, times: int = 1, *, plain: bool = False) -> None:
        """Answer 502 with an HTML page, or `plain` text, as proxies do."""
        self._add(method, times, Fault("garble_plain" if plain else "garble"))

    def error(self, method: str, error: str, times: int = 1) -> None:
        """Answer HTTP 200 with ok false and this error."""
        self._add(method, times, Fault("error", error=error))

    def reset(self, method: str, times: int = 1) -> None:
        """Reset the connection without doing anything."""
        self._add(method, times, Fault("reset"))

    def lose_answer(self, method: str, times: int = 1) -> None:
        """Carry the call out, then reset the connection before the answer."""
        self._add(method, times, Fault("lose_answer"))

    def hang(self, method: str, times: int = 1) -> asyncio.Event:
        """Let the call wait until the returned event is set, then continue as usual."""
        fault = Fault("hang")
        self._add(method, times, fault)
        return fault.release

    def clear(self) -> None:
        """Remove the remaining faults and release hanging calls."""
        for queue in self._waiting.values():
            for fault in queue:
                fault.release.set()
        self._waiting.clear()
        self._share = 0.0

    def _add(self, method: str, times: int, fault: Fault) -> None:
        self._waiting.setdefault(method, deque()).extend([fault] * times)
