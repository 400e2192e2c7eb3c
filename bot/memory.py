"""Remembers how every build and step did, whether anybody follows it or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core import history
from bot.model import Build, Job
from bot.store import history as rows
from bot.store.store import Tx


async def remember(tx: Tx, said: Sequence[tuple[Build, tuple[Job, ...]]], now: datetime) -> None:
    """Write down what webhooks or reads said of builds and their jobs; rows in the order of their ids."""
    newest = history.newest(build for build, _jobs in said)
    await rows.remember_runs(tx, [history.run(newest[id_], now) for id_ in sorted(newest)])
    await rows.remember_attempts(tx, _attempts(said, now))


def _attempts(said: Iterable[tuple[Build, tuple[Job, ...]]], now: datetime) -> list[history.Attempt]:
    made = (history.attempt(build, job, now) for build, jobs in said for job in jobs)
    last = {one.id: one for one in made if one}
    return [last[id_] for id_ in sorted(last)]
