"""Cards that stand below somebody's link: how they are drawn, and when they rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.buildkite.models import Job
from bot.builds.links.render import render_followable_preview, render_job_preview
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import find_jobs
from bot.slack.blockkit.blocks import Message
from bot.store.transactions import Tx

# A link in a message of yesterday is not looked at any more.
LASTS = timedelta(hours=24)


async def job_of(tx: Tx, card: Card) -> Job | None:
    """The job that the link names, as it was last heard of."""
    id_ = (card.unfurl or {}).get("job")
    return (await find_jobs(tx, [id_])).get(id_) if id_ else None


def over(card: Card, now: datetime) -> bool:
    """Whether it is kept up no more."""
    return card.unfurl is not None and card.created_at is not None and now - card.created_at > LASTS


def rests(card: Card, known: TrackedBuild) -> bool:
    """Whether what it shows is the end of it."""
    return card.unfurl is not None and (known.gone or known.build.ended) and not known.doubtful


def shown(card: Card, known: TrackedBuild, job: Job | None, drawn: Message) -> Message:
    """What stands below the link, where the build's card would be `drawn`."""
    if card.unfurl is None:
        return drawn
    return render_job_preview(known, job, card.id) if job else render_followable_preview(drawn, known, card.id)
