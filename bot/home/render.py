"""Renders a person's App Home, with the buttons that make sense. https://docs.slack.dev/surfaces/app-home

A button's action id is `home:` and the operation's name; its value says what it is about (`web#12`, an id).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.access.approvals.model import Proposal
from bot.access.approvals.render import APPROVE, REFUSE, render_proposal
from bot.buildkite.models import BUILD_CANCELABLE
from bot.history.model import Run
from bot.home.access_sections import render_account, render_api_tokens
from bot.home.model import LIVE_PHASES, PREFIX, Home
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.preview import describe_subscription
from bot.operations.build_wording import extract_title, render_headline
from bot.slack.blockkit.blocks import (
    Block,
    Confirm,
    Message,
    View,
    actions,
    button,
    context,
    divider,
    header,
    join_dotted,
    join_lines,
    list_elements,
    section,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, local_time, md

_MAX_BLOCKS = 100
# A build takes two blocks, a subscription one: with headings and empty states, 100 are never reached.
_MAX_BUILDS, _MAX_SUBSCRIPTIONS, _MAX_PROPOSAL_BLOCKS = 6, 10, 25
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{5,}")
_TIME = "{date_short_pretty} at {time}"
T = TypeVar("T")


@dataclass(frozen=True)
class HomeView:
    """The view of a home; equal contents give equal digests."""

    blocks: tuple[Block, ...]

    def digest(self) -> str:
        """Return a hash of what people see."""
        return Message("", self.blocks).digest()

    def to_json(self) -> View:
        """Return the view as `views.publish` takes it."""
        return {"type": "home", "callback_id": "home", "blocks": self.blocks}


def render_home(home: Home, *, now: datetime, command: str) -> HomeView:
    """Render the view for `views.publish`; equal contents give equal views, which aren't published again."""
    blocks = [
        *_render_top(home, command),
        *_render_waiting(home),
        *_render_group(
            "Running",
            home.running,
            _render_running,
            _MAX_BUILDS,
            md(
                "You have no running builds. Start one above, or type {how} in a channel.",
                how=_format_create_command(command),
            ),
        ),
        *_render_group(
            "Failed on your branches",
            home.failed,
            _render_failed,
            _MAX_BUILDS,
            Mrkdwn("No failing branches. Failures stay here for 7 days."),
        ),
        *_render_subscriptions(home.subscriptions, now, command),
        *render_account(home.account),
        *render_api_tokens(home.api_tokens),
    ]
    return _build_view(blocks)


def render_closed_home(text: str, hint: str) -> HomeView:
    """Render the home of a person who may see nothing: the reason, and what to do."""
    return _build_view(
        [header("Kitestring"), section(join_lines([md("⚠️ {text}", text=text), hint]), block_id="closed")]
    )


def _build_view(blocks: Sequence[Block]) -> HomeView:
    return HomeView(tuple(blocks[:_MAX_BLOCKS]))


def _format_create_command(command: str) -> Mrkdwn:
    return code(f"{command} build create web")


def _render_top(home: Home, command: str) -> list[Block]:
    start = button(
        "Start a build", f"{PREFIX}build create", "start", style="primary", accessibility_label="Start a build"
    )
    intro = md(
        "Your builds, and what you can do with them. For everything else, type {help} in a channel.",
        help=code(f"{command} help"),
    )
    unknown = "Slack doesn't share your email address with me, so only builds that you start here count as yours."
    blocks = [header("Your builds"), context(intro, block_id="about"), actions([start], block_id="top")]
    return [
        block for block in (*blocks, None if home.address_known else context(unknown, block_id="unknown")) if block
    ]


def _render_waiting(home: Home) -> list[Block]:
    nothing = "Nothing is waiting for you. Your blocked builds and approvals that you can give appear here."
    empty = "" if home.proposals else nothing
    line, heading, *builds = _render_group(
        "Waiting for you", home.blocked, _render_blocked, _MAX_BUILDS, Mrkdwn(empty)
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
    return [block for block in (section(_render_line(run), block_id=f"run:{run.id}"), row) if block]


def _render_line(run: Run) -> Mrkdwn:
    title = extract_title(run.message)
    headline = render_headline(run.phase, title, link(run.web_url, run.ref), run.branch)
    return join_dotted([headline, _render_time(run)])


def _render_time(run: Run) -> Mrkdwn:
    if run.phase == "blocked" and run.finished_at:
        return md("since {time}", time=local_time(run.finished_at, _TIME))
    if run.phase not in LIVE_PHASES and run.finished_at:
        return md("ended {time}", time=local_time(run.finished_at, _TIME))
    if run.started_at:
        return md("started {time}", time=local_time(run.started_at, _TIME))
    return md("created {time}", time=local_time(run.created_at, _TIME)) if run.created_at else Mrkdwn("")


def _build_button(
    label: str, operation: str, run: Run, *, style: str | None = None, confirm: Confirm | None = None
) -> Block:
    action, spoken = f"{PREFIX}{operation}", f"{label} {run.ref}"
    return button(label, action, run.ref, style=style, confirm=confirm, accessibility_label=spoken)


def _build_cancel_button(run: Run) -> Block:
    confirm = Confirm(
        f"Cancel {run.ref}?", "Running jobs will be stopped. You can rebuild a canceled build.", "Cancel build"
    )
    return _build_button("Cancel", "build cancel", run, style="danger", confirm=confirm)


def _render_proposals(found: Sequence[Proposal]) -> list[Block]:
    """Render proposals exactly as on their cards: people approve only what they see. The rest is counted."""
    rendered: list[Block] = []
    for index, proposal in enumerate(found):
        location = context(_render_location(proposal), block_id=f"where:{proposal.id}")
        blocks = [*_render_proposal(proposal), location]
        if len(rendered) + len(blocks) > _MAX_PROPOSAL_BLOCKS:
            return [*rendered, *_render_remainder(found, index)]
        rendered += blocks
    return rendered


def _render_proposal(proposal: Proposal) -> list[Block]:
    return [{**block, **_keep_vote_buttons(block)} for block in render_proposal(proposal).blocks]


def _keep_vote_buttons(block: Block) -> Block:
    """Keep the buttons of a card that approve and refuse, under this view's action ids."""
    votes = [button for button in list_elements(block) if button.get("action_id") in (APPROVE, REFUSE)]
    return {"elements": [{**vote, "action_id": f"{PREFIX}{vote['action_id']}"} for vote in votes]} if votes else {}


def _render_location(proposal: Proposal) -> Mrkdwn:
    place = _mention_channel(proposal.place.channel)
    return md("Its card is in {place}. I'll answer you by direct message.", place=place)


def _mention_channel(id_: str) -> Mrkdwn:
    """Format a channel's id as a link; anything else isn't shown."""
    return Mrkdwn(f"<#{id_}>") if _CHANNEL.fullmatch(id_) else Mrkdwn("another channel")


def _render_subscriptions(found: Sequence[Subscription], now: datetime, command: str) -> list[Block]:
    empty = md(
        "No subscriptions yet. Type {how} in a channel to hear about failures.",
        how=code(f"{command} subscribe web"),
    )

    def draw(subscription: Subscription) -> list[Block]:
        end = button(
            "Unsubscribe",
            f"{PREFIX}unsubscribe",
            subscription.id,
            accessibility_label=f"Unsubscribe from {subscription.pipeline}",
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
