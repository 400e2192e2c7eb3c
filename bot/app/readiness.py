"""Checks whether the bot can do its work."""

from __future__ import annotations

from bot.errors import KitestringError
from bot.slack.socket_mode import ConnectionState
from bot.slack.web_client import SlackClient
from bot.store.migrate import is_known, newest_revision, read_revision
from bot.store.transactions import Store


class Readiness:
    """Queries the database at each check; for Slack it uses the state of the last calls."""

    def __init__(self, store: Store, api: SlackClient, link: ConnectionState | None) -> None:
        self._store = store
        self._api = api
        self._link = link
        self._head = newest_revision()

    async def find_problem(self) -> str | None:
        """Return the problem in a few words; None if requests can be received, stored and answered."""
        if self._api.token_error:
            return f"Slack refuses the bot token ({self._api.token_error})"
        if self._link is not None and self._link.lost:
            return "there is no connection to Slack"
        return await self._find_database_problem()

    async def _find_database_problem(self) -> str | None:
        try:
            async with self._store.read() as tx:
                revision = await tx.run_sync(read_revision)
        except KitestringError:
            return "the database does not answer"
        # A newer version that is being rolled out only adds to the schema, so this one works until it is replaced.
        newer = revision is not None and not is_known(revision)
        return None if newer or revision == self._head else "the database has not been migrated"
