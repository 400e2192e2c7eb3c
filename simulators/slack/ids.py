"""Generates unique ids, timestamps and secrets in Slack's shapes, the same for the same seed."""

import random
import string
import uuid
from collections.abc import Callable

_LETTERS = string.ascii_letters + string.digits


class Ids:
    """A source of ids."""

    def __init__(self, now: Callable[[], float], seed: int) -> None:
        self._now = now
        self._random = random.Random(seed)
        self._last = 0

    def ts(self) -> str:
        """Return `seconds.micros`, later than every previous one."""
        self._last = max(self._last + 1, int(self._now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def token(self, length: int = 24) -> str:
        """Return letters and digits."""
        return "".join(self._random.choices(_LETTERS, k=length))

    def object(self, prefix: str) -> str:
        """Return an id like U…, V…, F…: the prefix and eight capitals or digits."""
        return prefix + "0" + "".join(self._random.choices(string.ascii_uppercase + string.digits, k=8))

    def number(self) -> str:
        """Return thirteen digits, as in response URLs."""
        return str(self._random.randrange(10**12, 10**13))

    def trigger(self) -> str:
        """Return a trigger id like `1767225600000.100000000001.0123…`."""
        return f"{self.number()}.{self._random.randrange(10**11, 10**12)}.{self._random.randbytes(16).hex()}"

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def view_hash(self) -> str:
        """Return a hash like `1767225600.aBcDeFgH`, different for each change."""
        return f"{int(self._now())}.{self.token(8)}"
