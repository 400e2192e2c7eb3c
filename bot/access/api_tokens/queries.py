"""Queries on API tokens, of which only the SHA-256 is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.access.api_tokens.model import ApiToken
from bot.operations.operation import Permission
from bot.store.sql import Row
from bot.store.tables_people import api_tokens
from bot.store.transactions import Tx


async def insert_token(tx: Tx, team: str, token: ApiToken, digest: str) -> None:
    """Store a new token by its digest."""
    await tx.execute(
        sa.insert(api_tokens).values(
            id=token.id,
            team=team,
            digest=digest,
            name=token.name,
            owner=token.owner,
            service=token.service,
            permissions=None if token.permissions is None else sorted(token.permissions),
            pipelines=list(token.pipelines),
            channel=token.channel,
            expires_at=token.expires_at,
            created_at=token.created_at,
        )
    )


async def find_by_digest(tx: Tx, team: str, digest: str) -> ApiToken | None:
    """Return the token with a digest, whether valid or not."""
    return await _find_one(tx, api_tokens.c.team == team, api_tokens.c.digest == digest)


async def find_token(tx: Tx, team: str, token_id: str) -> ApiToken | None:
    """Return the token with an id, whether valid or not."""
    return await _find_one(tx, api_tokens.c.team == team, api_tokens.c.id == token_id)


async def find_valid_tokens(tx: Tx, team: str, now: datetime, owner: str | None = None) -> tuple[ApiToken, ...]:
    """Return the valid tokens of a person (a user id), or of everyone, newest first."""
    valid = (api_tokens.c.team == team, api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
    query = sa.select(api_tokens).where(*valid).order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
    found = await tx.execute(query.where(api_tokens.c.owner == owner) if owner else query)
    return tuple(_read_token(row) for row in found.mappings())


async def mark_revoked(tx: Tx, team: str, token_id: str, by: str, now: datetime) -> bool:
    """Revoke a token; return False if it is unknown or was revoked before."""
    same = (api_tokens.c.team == team, api_tokens.c.id == token_id, api_tokens.c.revoked_at.is_(None))
    change = {"revoked_at": now, "revoked_by": by}
    return (await tx.execute(sa.update(api_tokens).where(*same).values(change))).rowcount > 0


async def mark_used(tx: Tx, token_id: str, now: datetime, pause: timedelta) -> None:
    """Note that a token was used, unless that was noted less than `pause` ago."""
    due = sa.or_(api_tokens.c.used_at.is_(None), api_tokens.c.used_at <= now - pause)
    await tx.execute(sa.update(api_tokens).where(api_tokens.c.id == token_id, due).values(used_at=now))


async def insert_client_row(tx: Tx, team: str, token: ApiToken, digest: str, client: str) -> None:
    """Store the token of a client, which has to be renewed before it's valid."""
    await insert_token(tx, team, token, digest)
    change = {"client": client, "fresh_until": token.created_at}
    await tx.execute(sa.update(api_tokens).where(api_tokens.c.id == token.id).values(change))


async def find_client_row(tx: Tx, team: str, token_id: str, client: str) -> ApiToken | None:
    """Return a token of a client by its id, whether valid or not."""
    mine = (api_tokens.c.team == team, api_tokens.c.id == token_id, api_tokens.c.client == client)
    return await _find_one(tx, *mine)


async def renew_row(
    tx: Tx,
    team: str,
    named: tuple[str, str],
    held: Mapping[str, str],
    new: Mapping[str, object],
    now: datetime,
) -> bool:
    """Replace the secrets of a valid token, named by its id and client, if it has these; return whether it had."""
    token_id, client = named
    mine = (api_tokens.c.team == team, api_tokens.c.id == token_id, api_tokens.c.client == client)
    valid = (api_tokens.c.revoked_at.is_(None), api_tokens.c.expires_at > now)
    same = tuple(api_tokens.c[name] == digest for name, digest in held.items())
    done = await tx.execute(sa.update(api_tokens).where(*mine, *valid, *same).values(dict(new)))
    return done.rowcount > 0


async def _find_one(tx: Tx, *where: sa.ColumnElement[bool]) -> ApiToken | None:
    row = (await tx.execute(sa.select(api_tokens).where(*where))).mappings().one_or_none()
    return _read_token(row) if row else None


def _read_token(row: Row) -> ApiToken:
    """Return a stored token; a permission that this version doesn't know gives nothing."""
    known = {permission.value for permission in Permission}
    stored = row["permissions"]
    return ApiToken(
        id=row["id"],
        name=row["name"],
        owner=row["owner"],
        service=row["service"],
        permissions=None if stored is None else frozenset(Permission(name) for name in stored if name in known),
        pipelines=tuple(row["pipelines"]),
        channel=row["channel"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
        fresh_until=row["fresh_until"],
    )
