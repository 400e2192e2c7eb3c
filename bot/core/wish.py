"""The same words again: how they are known, and what is said about them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from bot.core.markup import md
from bot.core.operation import Button, Call, Confirm, Reply
from bot.core.render_card import duration, reference
from bot.model import BUILD_CANCELABLE, Build, Invocation

# Whoever says the same words later than this means another build.
RECENT = timedelta(minutes=2)


def digest(asked: Invocation) -> str:
    """Names a wish: the same person wants the same operation with the same arguments in the same channel."""
    wish = [asked.operation, asked.user, asked.thread.team, asked.thread.channel, asked.args.get("args", {})]
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()


def said_before(first: Build, said_at: datetime, now: datetime, second: Build) -> Reply:
    """Names the build that the same words started a moment ago, with a button that cancels it."""
    ago = f"{duration(now - said_at)} ago" if now - said_at >= timedelta(seconds=1) else "a moment ago"
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
