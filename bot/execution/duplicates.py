"""The same words again: how they are known, and what is said about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.buildkite.models import BUILD_CANCELABLE, Build
from bot.operations.build_wording import format_duration, reference
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm
from bot.slack.blockkit.mrkdwn import md

# Whoever says the same words later than this means another build.
RECENT = timedelta(minutes=2)


def render_duplicate(first: Build, said_at: datetime, now: datetime, second: Build) -> Reply:
    """Names the build that the same words started a moment ago, with a button that cancels it."""
    ago = f"{format_duration(now - said_at)} ago" if now - said_at >= timedelta(seconds=1) else "a moment ago"
    text = md(
        "You started {first} with the same words {ago}; {second} is one more build.",
        first=reference(first),
        ago=ago,
        second=reference(second),
    )
    return Reply(text=text, buttons=(_cancel(first),) if first.phase in BUILD_CANCELABLE else ())


def _cancel(build: Build) -> Button:
    ref = build.ref
    call = Call("build cancel", {"pipeline": ref.pipeline, "number": str(ref.number)}, yes=True)
    confirm = Confirm(f"Cancel {ref}?"[:100], "Jobs that run are stopped.", "Cancel build")
    return Button(f"Cancel {ref}"[:75], call, "danger", confirm)
