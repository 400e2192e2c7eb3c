"""The home of a person: what is theirs, with the buttons that make sense. https://docs.slack.dev/surfaces/app-home

A button's action id is `home:` and the operation's name; its value says what it is about (`web#12`, an id).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from bot.access.approvals.model import Proposal
from bot.access.approvals.render import APPROVE, REFUSE, render_proposal
from bot.buildkite.models import BUILD_CANCELABLE
from bot.history.model import Run
from bot.home.model import LIVE, Home
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.preview import rule
from bot.operations.build_wording import phase_words
from bot.slack.blockkit.blocks import (
    Block,
    Confirm,
    Message,
    actions,
    button,
    context,
    divider,
    dotted,
    header,
    lines,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md, when

PREFIX = "home:"
View = dict[str, Any]
_BLOCKS = 100
# A build takes two blocks, a subscription one: with headings and empty states, 100 are never reached.
_BUILDS, _SUBSCRIPTIONS, _PROPOSAL_BLOCKS = 6, 10, 25
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{5,}")
T = TypeVar("T")


def render_home(shown: Home, *, now: datetime, command: str) -> View:
    """The view as `views.publish` takes it; equal facts give equal views, whatever the time."""
    blocks = [
        *_top(shown, command),
        *_waiting(shown),
        *_group(
            "Running",
            shown.running,
            _running,
            _BUILDS,
            md("Nothing of yours runs. Start a build above, or type {how} in a channel.", how=_typed(command)),
        ),
        *_group(
            "Failed on your branches",
            shown.failed,
            _failed,
            _BUILDS,
            Mrkdwn("None of your branches is red. One that is stands here for a week, with its log and a retry."),
        ),
        *_subscribed(shown.subscriptions, now, command),
        *_account(shown),
    ]
    return _view(blocks)


def render_closed_home(text: str, hint: str) -> View:
    """The home of somebody who may see nothing: why, and what to do."""
    return _view([header("Kitestring"), section(lines([md("⚠️ {text}", text=text), hint]), block_id="closed")])


def view_digest(view: View) -> str:
    """A fingerprint of what is seen."""
    return Message("", tuple(view["blocks"])).digest()


def _view(blocks: Sequence[Block]) -> View:
    return {"type": "home", "callback_id": "home", "blocks": list(blocks)[:_BLOCKS]}


def _typed(command: str) -> Mrkdwn:
    return code(f"{command} build create web")


def _top(shown: Home, command: str) -> list[Block]:
    start = button("Start a build", f"{PREFIX}build create", "start", style="primary", reads="Start a build")
    said = md(
        "Builds of yours, and what you may do about them. In a channel, {help} says the rest.",
        help=code(f"{command} help"),
    )
    unknown = "Slack shows me no e-mail address of yours: only what you start here counts as yours."
    blocks = [header("Your builds"), context(said, block_id="about"), actions([start], block_id="top")]
    return [item for item in (*blocks, None if shown.known else context(unknown, block_id="unknown")) if item]


def _waiting(shown: Home) -> list[Block]:
    nothing = "Nothing waits for you. Blocked builds of yours, and approvals that you may give, stand here."
    empty = "" if shown.proposals else nothing
    line, heading, *builds = _group("Waits for you", shown.blocked, _blocked, _BUILDS, Mrkdwn(empty))
    return [line, heading, *_proposals(shown.proposals), *builds]


def _group(
    title: str, found: Sequence[T], draw: Callable[[T], Iterable[Block]], most: int, empty: Mrkdwn
) -> list[Block]:
    drawn = [block for item in found[:most] for block in draw(item)]
    nothing = [section(empty, block_id=f"empty:{title}")] if empty and not found else []
    return [divider(), header(title), *nothing, *drawn, *_left(found, most)]


def _left(found: Sequence[object], most: int) -> list[Block]:
    more = len(found) - most
    return [context(f"… and {more} more")] if more > 0 else []


def _running(run: Run) -> list[Block]:
    return _build(run, [_cancel(run) if run.phase in BUILD_CANCELABLE else None])


def _blocked(run: Run) -> list[Block]:
    return _build(run, [_press("Unblock", "job unblock", run, style="primary")])


def _failed(run: Run) -> list[Block]:
    offered = [
        _press("Retry failed", "build retry", run),
        _press("Rebuild", "build rebuild", run),
        _press("Logs", "job log", run),
    ]
    return _build(run, offered)


def _build(run: Run, buttons: Iterable[Block | None]) -> list[Block]:
    row = actions(buttons, block_id=f"build:{run.id}:{run.phase}")
    return [item for item in (section(_line(run), block_id=f"run:{run.id}"), row) if item]


def _line(run: Run) -> Mrkdwn:
    emoji, words = phase_words(run.phase)
    head = md("{emoji} {words}", emoji=emoji, words=bold(words))
    branch = code(shorten(run.branch, 100)) if run.branch else ""
    return lines([dotted([head, link(run.web_url, run.ref), branch, _clocked(run)]), shorten(run.message, 150)])


def _clocked(run: Run) -> Mrkdwn:
    if run.phase == "blocked" and run.finished_at:
        return md("since {time}", time=when(run.finished_at, "{date_short_pretty} at {time}"))
    if run.phase not in LIVE and run.finished_at:
        return md("ended {time}", time=when(run.finished_at, "{date_short_pretty} at {time}"))
    if run.started_at:
        return md("started {time}", time=when(run.started_at, "{date_short_pretty} at {time}"))
    return (
        md("created {time}", time=when(run.created_at, "{date_short_pretty} at {time}"))
        if run.created_at
        else Mrkdwn("")
    )


def _press(label: str, operation: str, run: Run, **more: Any) -> Block:
    return button(label, f"{PREFIX}{operation}", run.ref, reads=f"{label} {run.ref}", **more)


def _cancel(run: Run) -> Block:
    sure = Confirm(
        f"Cancel {run.ref}?", "Jobs that run are stopped. A canceled build can be rebuilt.", "Cancel build"
    )
    return _press("Cancel", "build cancel", run, style="danger", confirm=sure)


def _proposals(found: Sequence[Proposal]) -> list[Block]:
    """Each exactly as on its card, for nobody approves what is not shown; what does not fit is counted."""
    drawn: list[Block] = []
    for index, item in enumerate(found):
        blocks = [*_proposal(item), context(_where(item), block_id=f"where:{item.id}")]
        if len(drawn) + len(blocks) > _PROPOSAL_BLOCKS:
            return [*drawn, *_left(found, index)]
        drawn += blocks
    return drawn


def _proposal(proposal: Proposal) -> list[Block]:
    return [{**block, **_votes(block)} for block in render_proposal(proposal).blocks]


def _votes(block: Block) -> Block:
    """Its buttons, but for the one that takes it back."""
    pressed = [item for item in block.get("elements", ()) if item.get("action_id") in (APPROVE, REFUSE)]
    return (
        {"elements": [{**item, "action_id": f"{PREFIX}{item['action_id']}"} for item in pressed]}
        if pressed
        else {}
    )


def _where(proposal: Proposal) -> Mrkdwn:
    place = _channel(proposal.thread.channel)
    return md("Its card is in {place}. What you are told comes by direct message.", place=place)


def _channel(id_: str) -> Mrkdwn:
    """A channel by its id, as a link; what is none is not shown."""
    return Mrkdwn(f"<#{id_}>") if _CHANNEL.fullmatch(id_) else Mrkdwn("another channel")


def _subscribed(found: Sequence[Subscription], now: datetime, command: str) -> list[Block]:
    empty = md(
        "You have subscribed to nothing. Type {how} in a channel, and I tell there what fails.",
        how=code(f"{command} subscribe web"),
    )

    def draw(subscription: Subscription) -> list[Block]:
        end = button(
            "End",
            f"{PREFIX}unsubscribe",
            subscription.id,
            reads=f"End the subscription to {subscription.pipeline}",
        )
        place = "by direct message" if subscription.owner else _channel(subscription.channel)
        muted = "muted" if subscription.muted(now) else ""
        return [
            section(
                dotted([rule(subscription), place, muted]),
                block_id=f"subscription:{subscription.id}",
                accessory=end,
            )
        ]

    return _group("Your subscriptions", found, draw, _SUBSCRIPTIONS, empty)


def _account(shown: Home) -> list[Block]:
    account = shown.account
    if account is None:
        said = (
            "Not connected: I ask Buildkite with my own token. Connect yours, and you act there in your own name."
        )
        press = button("Connect", f"{PREFIX}connect", "me", reads="Connect your Buildkite account")
    else:
        said = md("Connected: at Buildkite you act as {who}.", who=bold(account.called))
        press = button("Disconnect", f"{PREFIX}disconnect", "me", reads="Forget your Buildkite token")
    return [divider(), header("Buildkite account"), section(said, block_id="account", accessory=press)]
