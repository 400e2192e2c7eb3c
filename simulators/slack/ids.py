"""Makes ids, timestamps and secrets: unique, shaped as Slack's, the same again for the same seed."""

import random
import string
import uuid
from collections.abc import Callable

_LETTERS = string.ascii_letters + string.digits


class Ids:
    """A source of names for new things."""

    def __init__(self, now: Callable[[], float], seed: int) -> None:
        self._now = now
        self._random = random.Random(seed)
        self._last = 0

    def ts(self) -> str:
        """`seconds.micros`, later than every one before."""
        self._last = max(self._last + 1, int(self._now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def token(self, length: int = 24) -> str:
        """Letters and digits."""
        return "".join(self._random.choices(_LETTERS, k=length))

    def object(self, prefix: str) -> str:
        """As U…, V…, F…: the prefix and eight capitals or digits."""
        return prefix + "0" + "".join(self._random.choices(string.ascii_uppercase + string.digits, k=8))

    def number(self) -> str:
        """Thirteen digits, as in response URLs."""
        return str(self._random.randrange(10**12, 10**13))

    def trigger(self) -> str:
        """As `1767225600000.100000000001.0123…`."""
        return f"{self.number()}.{self._random.randrange(10**11, 10**12)}.{self._random.randbytes(16).hex()}"

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def view_hash(self) -> str:
        """As `1767225600.aBcDeFgH`, another at each change."""
        return f"{int(self._now())}.{self.token(8)}"
