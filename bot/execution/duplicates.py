"""Warns about a command that was typed twice in a row."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.buildkite.models import BUILD_CANCELABLE, Build
from bot.operations.build_wording import format_duration, link_build
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm
from bot.slack.blockkit.mrkdwn import md

# After this long, the same command is taken to mean another build.
DUPLICATE_WINDOW = timedelta(minutes=2)


def render_duplicate(first: Build, requested_at: datetime, now: datetime, second: Build) -> Reply:
    """Render a notice about the build that the same command started before, with a button to cancel it."""
    ago = (
        f"{format_duration(now - requested_at)} ago"
        if now - requested_at >= timedelta(seconds=1)
        else "a moment ago"
    )
    text = md(
        "You ran the same command {ago} ({first}). {second} is a second build.",
        first=link_build(first),
        ago=ago,
        second=link_build(second),
    )
    buttons = (_make_cancel_button(first),) if first.phase in BUILD_CANCELABLE else ()
    return Reply(data=None, text=text, buttons=buttons)


def _make_cancel_button(build: Build) -> Button:
    ref = build.ref
    call = Call("build cancel", {"pipeline": ref.pipeline, "number": str(ref.number)}, confirmed=True)
    confirm = Confirm(f"Cancel {ref}?"[:100], "Its running jobs are stopped.", "Cancel build")
    return Button(f"Cancel {ref}"[:75], call, "danger", confirm)
