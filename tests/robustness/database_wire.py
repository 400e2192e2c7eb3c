"""Carries the bot's connections to PostgreSQL, and cuts them all at once, as if the process were gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy as sa


class DatabaseWire:
    """A relay on loopback. While it's cut, it closes every new connection at once."""

    def __init__(self, database: sa.URL) -> None:
        self._database = database
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = database

    @property
    def cut(self) -> bool:
        """Return whether the wire is cut."""
        return self._is_cut

    @cut.setter
    def cut(self, is_cut: bool) -> None:
        """Reset all connections, or let new ones pass again."""
        self._is_cut = is_cut
        for writer in self._open if is_cut else ():
            writer.transport.abort()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self._is_cut:
            writer.transport.abort()
            return
        upstream, down = await asyncio.open_connection(self._database.host, self._database.port)
        self._open |= {writer, down}
        await asyncio.gather(_copy(reader, down), _copy(upstream, writer))
        self._open -= {writer, down}

    async def expire_leases(self) -> None:
        """Let the server's time pass after which other replicas take a process for dead."""
        plain = self._database.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            await connection.execute("UPDATE leases SET until = 0")
        finally:
            await connection.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()


@asynccontextmanager
async def open_wire(database: sa.URL) -> AsyncIterator[DatabaseWire]:
    """Provide a wire to a database; its `url` leads through it."""
    wire = DatabaseWire(database)
    server = await asyncio.start_server(wire.relay, "127.0.0.1", 0)
    wire.url = database.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    try:
        yield wire
    finally:
        wire.cut = True
        server.close()
