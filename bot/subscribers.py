"""The subscriptions as they stand, kept arranged between one event and the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.core.notify import expanded
from bot.core.subscription_index import Index
from bot.store import subscriptions
from bot.store.store import Tx


def nobody() -> Mapping[str, str]:
    """The default of what is listed of people."""
    return {}


class Subscribers:
    """Reads all subscriptions again when one has changed; until then a look costs one small query.

    `owners` gives the user id by e-mail address as the file of subscriptions has it; the same object while that
    is the same.
    """

    def __init__(self, owners: Callable[[], Mapping[str, str]] = nobody) -> None:
        self._owners = owners
        self._given: Mapping[str, str] = {}
        self._index = Index()
        self._version = ""

    async def index(self, tx: Tx) -> Index:
        """The subscriptions that hold now."""
        version, given = await subscriptions.version(tx), self._owners()
        if version != self._version or given != self._given:
            everything = expanded(await subscriptions.everything(tx), given)
            self._index, self._version, self._given = Index(everything), version, given
        return self._index

    def owners(self) -> Mapping[str, str]:
        """The user id by e-mail address, as the file has it."""
        return self._owners()
