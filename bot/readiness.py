"""Whether the bot can do its work now."""

from __future__ import annotations

import sqlalchemy as sa

from bot.errors import KitestringError
from bot.store.migrate import head
from bot.store.store import Store


class Readiness:
    """Asks the database each time; what is wrong is said in a few words."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head = head()

    async def wrong(self) -> str | None:
        """None when everything that is stored can be stored."""
        try:
            async with self._store.read() as tx:
                revision = await tx.scalar(sa.text("SELECT version_num FROM alembic_version"))
        except KitestringError:
            return "the database does not answer"
        except sa.exc.DBAPIError:
            return "the database has not been migrated"
        return None if revision == self._head else "the database has not been migrated"
