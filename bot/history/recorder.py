"""Remembers how every build and step did, whether anybody follows it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.buildkite.models import Build, Job
from bot.history import known_periods
from bot.history.model import Attempt, attempt_from_job, is_same_run, newest_builds, run_from_build
from bot.history.queries import are_webhooks_arriving, find_last_webhook_time, save_attempts, save_runs
from bot.runtime.durations import from_timestamp
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions, Tx

# As long as housekeeping keeps what is remembered.
KEPT = timedelta(days=90)
_COVERED, _HEARING = "history_covered", "history_hearing"


async def record_builds(
    tx: Tx,
    said: Sequence[tuple[Build, Sequence[Job]]],
    now: datetime,
    known: Callable[[str], Build | None] = lambda _id: None,
) -> None:
    """Write down what webhooks or reads said of builds and their jobs; rows in the order of their ids.

    What says the same of a build as what is `known` of it is remembered already.
    """
    newest = newest_builds(build for build, _jobs in said)
    fresh = [id_ for id_ in sorted(newest) if not is_same_run(newest[id_], known(id_))]
    await save_runs(tx, [run_from_build(newest[id_], now) for id_ in fresh])
    await save_attempts(tx, _attempts(said, now))


async def find_known_periods(tx: Tx, now: datetime) -> Mapping[str, known_periods.Spans]:
    """For which times every build that ended is remembered, by pipeline; `*` is about all of them."""
    scopes = known_periods.load(await get_meta(tx, _COVERED))
    since = from_timestamp(await get_meta(tx, _HEARING))
    if since is None:
        return scopes
    until = now if await are_webhooks_arriving(tx, now) else await find_last_webhook_time(tx)
    return known_periods.added(scopes, known_periods.EVERYTHING, (since, until or since))


async def record_period(tx: Tx, scope: str, span: known_periods.Span, now: datetime) -> None:
    """Every build that ended in that time is remembered now."""
    scopes = known_periods.added(known_periods.load(await get_meta(tx, _COVERED)), scope, span)
    await set_meta(tx, _COVERED, known_periods.dump(scopes, now - KEPT))


async def note_webhooks(tx: Tx, now: datetime) -> None:
    """Webhooks arrive: from now on nothing is missed, unless it is noted already since when."""
    if not await get_meta(tx, _HEARING):
        await set_meta(tx, _HEARING, str(now.timestamp()))


async def note_startup(store: Transactions, now: datetime) -> None:
    """The process begins: after a silence something may have been missed, so that hearing begins anew."""
    async with store.write() as tx:
        if not await are_webhooks_arriving(tx, now):
            for scope, spans in (await find_known_periods(tx, now)).items():
                for span in spans:
                    await record_period(tx, scope, span, now)
            await set_meta(tx, _HEARING, "")


def _attempts(said: Iterable[tuple[Build, Sequence[Job]]], now: datetime) -> list[Attempt]:
    made = (attempt_from_job(build, job, now) for build, jobs in said for job in jobs)
    last = {item.id: item for item in made if item}
    return [last[id_] for id_ in sorted(last)]
