"""Whether the bot can do its work now."""

from __future__ import annotations

from bot.errors import KitestringError
from bot.slack.socket_mode import ConnectionState
from bot.slack.web_client import SlackClient
from bot.store.schema import head, known, revision_of
from bot.store.transactions import Store


class Readiness:
    """Asks the database each time, and remembers Slack; what is wrong is said in a few words."""

    def __init__(self, store: Store, api: SlackClient, link: ConnectionState | None) -> None:
        self._store = store
        self._api = api
        self._link = link
        self._head = head()

    async def wrong(self) -> str | None:
        """None when what is asked for can be heard, stored and answered."""
        if self._api.shut_out:
            return f"Slack refuses the bot token ({self._api.shut_out})"
        if self._link is not None and self._link.lost:
            return "there is no connection to Slack"
        return await self._database()

    async def _database(self) -> str | None:
        try:
            async with self._store.read() as tx:
                revision = await tx.run_sync(revision_of)
        except KitestringError:
            return "the database does not answer"
        # A newer version that is being rolled out only adds to the schema: this one goes on until it is replaced.
        newer = revision is not None and not known(revision)
        return None if newer or revision == self._head else "the database has not been migrated"
