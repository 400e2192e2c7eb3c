"""Records how every build and step did, whether it is tracked or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.buildkite.models import Build, Job
from bot.history import known_periods
from bot.history.model import Attempt, attempt_from_job, is_same_run, run_from_build, select_newest_builds
from bot.history.queries import are_webhooks_arriving, find_last_webhook_time, save_attempts, save_runs
from bot.runtime.durations import from_timestamp
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions, Tx

# As long as retention keeps runs and attempts.
KEPT = timedelta(days=90)
_PERIODS_KEY, _WEBHOOKS_SINCE_KEY = "history_covered", "history_hearing"


async def record_builds(
    tx: Tx,
    reports: Sequence[tuple[Build, Sequence[Job]]],
    now: datetime,
    known: Callable[[str], Build | None] = lambda _id: None,
) -> None:
    """Record builds and jobs as reported by webhooks or reads; rows in the order of their ids, to avoid deadlocks.

    `known` returns the tracked build before the report: a build that is unchanged is recorded already.
    """
    newest = select_newest_builds(build for build, _jobs in reports)
    fresh = [id_ for id_ in sorted(newest) if not is_same_run(newest[id_], known(id_))]
    await save_runs(tx, [run_from_build(newest[id_], now) for id_ in fresh])
    await save_attempts(tx, _collect_attempts(reports, now))


async def find_known_periods(tx: Tx, now: datetime) -> Mapping[str, known_periods.Spans]:
    """Return the periods for which every ended build is recorded, by pipeline; `*` stands for all."""
    scopes = known_periods.parse_spans(await get_meta(tx, _PERIODS_KEY))
    since = from_timestamp(await get_meta(tx, _WEBHOOKS_SINCE_KEY))
    if since is None:
        return scopes
    until = now if await are_webhooks_arriving(tx, now) else await find_last_webhook_time(tx)
    return known_periods.add_span(scopes, known_periods.EVERYTHING, (since, until or since))


async def record_period(tx: Tx, scope: str, span: known_periods.Span, now: datetime) -> None:
    """Record that every build that ended in that time is recorded now."""
    scopes = known_periods.add_span(known_periods.parse_spans(await get_meta(tx, _PERIODS_KEY)), scope, span)
    await set_meta(tx, _PERIODS_KEY, known_periods.format_spans(scopes, now - KEPT))


async def note_first_webhook(tx: Tx, now: datetime) -> None:
    """Note that webhooks arrive: from now on every build is recorded, unless an earlier start is noted."""
    if not await get_meta(tx, _WEBHOOKS_SINCE_KEY):
        await set_meta(tx, _WEBHOOKS_SINCE_KEY, str(now.timestamp()))


async def note_startup(store: Transactions, now: datetime) -> None:
    """Forget the noted start at startup if no webhooks have arrived lately: some may have been missed."""
    async with store.write() as tx:
        if not await are_webhooks_arriving(tx, now):
            for scope, spans in (await find_known_periods(tx, now)).items():
                for span in spans:
                    await record_period(tx, scope, span, now)
            await set_meta(tx, _WEBHOOKS_SINCE_KEY, "")


def _collect_attempts(reports: Iterable[tuple[Build, Sequence[Job]]], now: datetime) -> list[Attempt]:
    attempts = (attempt_from_job(build, job, now) for build, jobs in reports for job in jobs)
    latest = {attempt.id: attempt for attempt in attempts if attempt}
    return [latest[id_] for id_ in sorted(latest)]
