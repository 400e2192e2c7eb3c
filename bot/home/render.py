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
from bot.home.model import LIVE_PHASES, Home
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.preview import describe_subscription
from bot.operations.build_wording import describe_phase
from bot.slack.blockkit.blocks import (
    Block,
    Confirm,
    Message,
    actions,
    button,
    context,
    divider,
    header,
    join_dotted,
    join_lines,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, local_time, md

PREFIX = "home:"
View = dict[str, Any]
_MAX_BLOCKS = 100
# A build takes two blocks, a subscription one: with headings and empty states, 100 are never reached.
_MAX_BUILDS, _MAX_SUBSCRIPTIONS, _MAX_PROPOSAL_BLOCKS = 6, 10, 25
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{5,}")
T = TypeVar("T")


def render_home(home: Home, *, now: datetime, command: str) -> View:
    """The view as `views.publish` takes it; equal facts give equal views, whatever the time."""
    blocks = [
        *_render_top(home, command),
        *_render_waiting(home),
        *_render_group(
            "Running",
            home.running,
            _render_running,
            _MAX_BUILDS,
            md(
                "Nothing of yours runs. Start a build above, or type {how} in a channel.",
                how=_format_create_command(command),
            ),
        ),
        *_render_group(
            "Failed on your branches",
            home.failed,
            _render_failed,
            _MAX_BUILDS,
            Mrkdwn("None of your branches is red. One that is stands here for a week, with its log and a retry."),
        ),
        *_render_subscriptions(home.subscriptions, now, command),
        *_render_account(home),
    ]
    return _build_view(blocks)


def render_closed_home(text: str, hint: str) -> View:
    """The home of somebody who may see nothing: why, and what to do."""
    return _build_view(
        [header("Kitestring"), section(join_lines([md("⚠️ {text}", text=text), hint]), block_id="closed")]
    )


def view_digest(view: View) -> str:
    """A fingerprint of what is seen."""
    return Message("", tuple(view["blocks"])).digest()


def _build_view(blocks: Sequence[Block]) -> View:
    return {"type": "home", "callback_id": "home", "blocks": list(blocks)[:_MAX_BLOCKS]}


def _format_create_command(command: str) -> Mrkdwn:
    return code(f"{command} build create web")


def _render_top(home: Home, command: str) -> list[Block]:
    start = button(
        "Start a build", f"{PREFIX}build create", "start", style="primary", accessibility_label="Start a build"
    )
    intro = md(
        "Builds of yours, and what you may do about them. In a channel, {help} says the rest.",
        help=code(f"{command} help"),
    )
    unknown = "Slack shows me no e-mail address of yours: only what you start here counts as yours."
    blocks = [header("Your builds"), context(intro, block_id="about"), actions([start], block_id="top")]
    return [
        item for item in (*blocks, None if home.address_known else context(unknown, block_id="unknown")) if item
    ]


def _render_waiting(home: Home) -> list[Block]:
    nothing = "Nothing waits for you. Blocked builds of yours, and approvals that you may give, stand here."
    empty = "" if home.proposals else nothing
    line, heading, *builds = _render_group(
        "Waits for you", home.blocked, _render_blocked, _MAX_BUILDS, Mrkdwn(empty)
    )
    return [line, heading, *_render_proposals(home.proposals), *builds]


def _render_group(
    title: str, found: Sequence[T], render: Callable[[T], Iterable[Block]], most: int, empty: Mrkdwn
) -> list[Block]:
    rendered = [block for item in found[:most] for block in render(item)]
    nothing = [section(empty, block_id=f"empty:{title}")] if empty and not found else []
    return [divider(), header(title), *nothing, *rendered, *_render_remainder(found, most)]


def _render_remainder(found: Sequence[object], most: int) -> list[Block]:
    more = len(found) - most
    return [context(f"… and {more} more")] if more > 0 else []


def _render_running(run: Run) -> list[Block]:
    return _render_build(run, [_build_cancel_button(run) if run.phase in BUILD_CANCELABLE else None])


def _render_blocked(run: Run) -> list[Block]:
    return _render_build(run, [_build_button("Unblock", "job unblock", run, style="primary")])


def _render_failed(run: Run) -> list[Block]:
    offered = [
        _build_button("Retry failed", "build retry", run),
        _build_button("Rebuild", "build rebuild", run),
        _build_button("Logs", "job log", run),
    ]
    return _render_build(run, offered)


def _render_build(run: Run, buttons: Iterable[Block | None]) -> list[Block]:
    row = actions(buttons, block_id=f"build:{run.id}:{run.phase}")
    return [item for item in (section(_render_line(run), block_id=f"run:{run.id}"), row) if item]


def _render_line(run: Run) -> Mrkdwn:
    emoji, words = describe_phase(run.phase)
    head = md("{emoji} {words}", emoji=emoji, words=bold(words))
    branch = code(shorten(run.branch, 100)) if run.branch else ""
    return join_lines(
        [join_dotted([head, link(run.web_url, run.ref), branch, _render_time(run)]), shorten(run.message, 150)]
    )


def _render_time(run: Run) -> Mrkdwn:
    if run.phase == "blocked" and run.finished_at:
        return md("since {time}", time=local_time(run.finished_at, "{date_short_pretty} at {time}"))
    if run.phase not in LIVE_PHASES and run.finished_at:
        return md("ended {time}", time=local_time(run.finished_at, "{date_short_pretty} at {time}"))
    if run.started_at:
        return md("started {time}", time=local_time(run.started_at, "{date_short_pretty} at {time}"))
    return (
        md("created {time}", time=local_time(run.created_at, "{date_short_pretty} at {time}"))
        if run.created_at
        else Mrkdwn("")
    )


def _build_button(label: str, operation: str, run: Run, **more: Any) -> Block:
    return button(label, f"{PREFIX}{operation}", run.ref, accessibility_label=f"{label} {run.ref}", **more)


def _build_cancel_button(run: Run) -> Block:
    confirm = Confirm(
        f"Cancel {run.ref}?", "Running jobs are stopped. A canceled build can be rebuilt.", "Cancel build"
    )
    return _build_button("Cancel", "build cancel", run, style="danger", confirm=confirm)


def _render_proposals(found: Sequence[Proposal]) -> list[Block]:
    """Each exactly as on its card, for nobody approves what is not shown; what does not fit is counted."""
    rendered: list[Block] = []
    for index, item in enumerate(found):
        blocks = [*_render_proposal(item), context(_render_location(item), block_id=f"where:{item.id}")]
        if len(rendered) + len(blocks) > _MAX_PROPOSAL_BLOCKS:
            return [*rendered, *_render_remainder(found, index)]
        rendered += blocks
    return rendered


def _render_proposal(proposal: Proposal) -> list[Block]:
    return [{**block, **_keep_vote_buttons(block)} for block in render_proposal(proposal).blocks]


def _keep_vote_buttons(block: Block) -> Block:
    """Its buttons, but for the one that takes it back."""
    pressed = [item for item in block.get("elements", ()) if item.get("action_id") in (APPROVE, REFUSE)]
    return (
        {"elements": [{**item, "action_id": f"{PREFIX}{item['action_id']}"} for item in pressed]}
        if pressed
        else {}
    )


def _render_location(proposal: Proposal) -> Mrkdwn:
    place = _mention_channel(proposal.thread.channel)
    return md("Its card is in {place}. What you are told comes by direct message.", place=place)


def _mention_channel(id_: str) -> Mrkdwn:
    """A channel by its id, as a link; what is none is not shown."""
    return Mrkdwn(f"<#{id_}>") if _CHANNEL.fullmatch(id_) else Mrkdwn("another channel")


def _render_subscriptions(found: Sequence[Subscription], now: datetime, command: str) -> list[Block]:
    empty = md(
        "You have subscribed to nothing. Type {how} in a channel, and I tell there what fails.",
        how=code(f"{command} subscribe web"),
    )

    def draw(subscription: Subscription) -> list[Block]:
        end = button(
            "End",
            f"{PREFIX}unsubscribe",
            subscription.id,
            accessibility_label=f"End the subscription to {subscription.pipeline}",
        )
        place = "by direct message" if subscription.owner else _mention_channel(subscription.channel)
        muted = "muted" if subscription.is_muted(now) else ""
        return [
            section(
                join_dotted([describe_subscription(subscription), place, muted]),
                block_id=f"subscription:{subscription.id}",
                accessory=end,
            )
        ]

    return _render_group("Your subscriptions", found, draw, _MAX_SUBSCRIPTIONS, empty)


def _render_account(home: Home) -> list[Block]:
    account = home.account
    if account is None:
        text = (
            "Not connected: I ask Buildkite with my own token. Connect yours, and you act there in your own name."
        )
        press = button("Connect", f"{PREFIX}connect", "me", accessibility_label="Connect your Buildkite account")
    else:
        text = md("Connected: at Buildkite you act as {who}.", who=bold(account.display_name))
        press = button(
            "Disconnect", f"{PREFIX}disconnect", "me", accessibility_label="Forget your Buildkite token"
        )
    return [divider(), header("Buildkite account"), section(text, block_id="account", accessory=press)]
