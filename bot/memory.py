"""Remembers how every build and step did, whether anybody follows it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.core import coverage, history
from bot.model import Build, Job
from bot.store import deliveries
from bot.store import history as rows
from bot.store.rows import get_meta, set_meta
from bot.store.store import Transactions, Tx

# As long as housekeeping keeps what is remembered.
KEPT = timedelta(days=90)
_COVERED, _HEARING = "history_covered", "history_hearing"


async def remember(
    tx: Tx,
    said: Sequence[tuple[Build, Sequence[Job]]],
    now: datetime,
    known: Callable[[str], Build | None] = lambda _id: None,
) -> None:
    """Write down what webhooks or reads said of builds and their jobs; rows in the order of their ids.

    What says the same of a build as what is `known` of it is remembered already.
    """
    newest = history.newest(build for build, _jobs in said)
    fresh = [id_ for id_ in sorted(newest) if not history.alike(newest[id_], known(id_))]
    await rows.remember_runs(tx, [history.run(newest[id_], now) for id_ in fresh])
    await rows.remember_attempts(tx, _attempts(said, now))


async def known(tx: Tx, now: datetime) -> Mapping[str, coverage.Spans]:
    """For which times every build that ended is remembered, by pipeline; `*` is about all of them."""
    scopes = coverage.load(await get_meta(tx, _COVERED))
    since = coverage.moment(await get_meta(tx, _HEARING))
    if since is None:
        return scopes
    until = now if await deliveries.alive(tx, now) else await deliveries.last_seen(tx)
    return coverage.added(scopes, coverage.EVERYTHING, (since, until or since))


async def learn(tx: Tx, scope: str, span: coverage.Span, now: datetime) -> None:
    """Every build that ended in that time is remembered now."""
    scopes = coverage.added(coverage.load(await get_meta(tx, _COVERED)), scope, span)
    await set_meta(tx, _COVERED, coverage.dump(scopes, now - KEPT))


async def hear(tx: Tx, now: datetime) -> None:
    """Webhooks arrive: from now on nothing is missed, unless it is noted already since when."""
    if not await get_meta(tx, _HEARING):
        await set_meta(tx, _HEARING, str(now.timestamp()))


async def wake(store: Transactions, now: datetime) -> None:
    """The process begins: after a silence something may have been missed, so that hearing begins anew."""
    async with store.write() as tx:
        if not await deliveries.alive(tx, now):
            for scope, spans in (await known(tx, now)).items():
                for span in spans:
                    await learn(tx, scope, span, now)
            await set_meta(tx, _HEARING, "")


def _attempts(said: Iterable[tuple[Build, Sequence[Job]]], now: datetime) -> list[history.Attempt]:
    made = (history.attempt(build, job, now) for build, jobs in said for job in jobs)
    last = {one.id: one for one in made if one}
    return [last[id_] for id_ in sorted(last)]
