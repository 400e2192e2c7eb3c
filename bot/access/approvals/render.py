"""The card of a protected operation: exactly what will run, who has to agree, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.access.approvals.model import Proposal, ProposalState
from bot.access.policy.policy_wording import describe_requirement
from bot.slack.blockkit.blocks import (
    SECTION_LIMIT,
    Block,
    Confirm,
    Message,
    actions,
    button,
    context,
    message,
    pack_lines,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, local_time, md, mention

APPROVE, REFUSE, WITHDRAW = "proposal approve", "proposal refuse", "proposal withdraw"
_HEADINGS = {
    ProposalState.OPEN: "✋ *Approval needed*",
    ProposalState.APPROVED: "✅ *Approved*, about to run",
    ProposalState.REFUSED: "⛔ *Refused*",
    ProposalState.WITHDRAWN: "↩️ *Withdrawn*",
    ProposalState.EXPIRED: "⌛ *Expired*, nothing was run",
    ProposalState.DONE: "✅ *Approved* and done",
    ProposalState.FAILED: "⚠️ *Approved*, but it did not succeed",
}
# Values of these may be secret: the names are shown, so that an approver knows what is set.
_MASKED = frozenset({"env", "metadata", "fields"})
# Escaped, so much of a message still fits one section, whatever characters it has.
VALUE_LIMIT = 500


def render_proposal(proposal: Proposal, outcome: str | None = None) -> Message:
    """Draw it; `outcome` is a link to what came of it, where something did."""
    heading = md("{head} · {name}", head=Mrkdwn(_HEADINGS[proposal.state]), name=code(proposal.operation))
    what = pack_lines(
        [heading, *_render_arguments(proposal.operation, {**proposal.args, **proposal.options.get("labels", {})})]
    )
    blocks = [
        *(section(text, block_id=f"what:{proposal.id}{index or ''}") for index, text in enumerate(what)),
        context(*_render_status(proposal, outcome), block_id=f"standing:{proposal.id}:{len(proposal.votes)}"),
        actions(_build_buttons(proposal), block_id=f"votes:{proposal.id}:{len(proposal.votes)}")
        if proposal.state is ProposalState.OPEN
        else None,
    ]
    summary = md("{who} asks for {name}", who=mention(proposal.requester), name=proposal.operation)
    return message(join([summary, Mrkdwn(": "), heading]), blocks)


def render_pending_proposal(proposal: Proposal) -> Message:
    """For whoever presses the button again that it came from: where it stands, and in which channel."""
    channel = proposal.thread.channel
    place = Mrkdwn(f"<#{channel}>") if channel.isalnum() else "that channel"
    who, name = mention(proposal.requester), code(proposal.operation)
    if proposal.state is ProposalState.OPEN:
        text = md(
            "✋ {who} asked for {name} already: it waits for approval in {place}.", who=who, name=name, place=place
        )
    else:
        text = md("{head} · {name}, see {place}.", head=Mrkdwn(_HEADINGS[proposal.state]), name=name, place=place)
    return message(text, [section(text, block_id="pending")])


def _render_arguments(operation: str, args: Mapping[str, Any]) -> list[Mrkdwn]:
    rendered = [
        md("{name}: {value}", name=bold(name), value=_format_value(name, value)) for name, value in args.items()
    ]
    if operation == "build create" and str(args.get("commit", "HEAD")) == "HEAD":
        rendered = [item for item in rendered if not item.startswith("*commit*")]
        rendered.append(md("{name}: HEAD when it runs, whatever that is by then", name=bold("commit")))
    return rendered


def _format_value(name: str, value: Any) -> Mrkdwn:
    if name in _MASKED and isinstance(value, Mapping):
        return _join_fitting([md("{key}=•••", key=code(shorten(key, VALUE_LIMIT))) for key in value])
    if isinstance(value, list | tuple):
        return _join_fitting([code(shorten(str(item), VALUE_LIMIT)) for item in value])
    return code(shorten(str(value), VALUE_LIMIT))


def _join_fitting(values: list[Mrkdwn]) -> Mrkdwn:
    """As many as one section takes; how many more there are is said, for nobody approves what is not shown."""
    count = 0
    while count < len(values) and (not count or len(join(values[: count + 1], " ")) < SECTION_LIMIT - 200):
        count += 1
    more = md("*and {count} more that do not fit here*", count=len(values) - count)
    return join([*values[:count], *([more] if count < len(values) else [])], " ")


def _render_status(proposal: Proposal, outcome: str | None) -> list[str]:
    votes = [md("{mark} {who}", mark="👍" if v.approves else "👎", who=mention(v.user)) for v in proposal.votes]
    parts: list[str] = [md("requested by {who}", who=mention(proposal.requester)), *votes]
    if proposal.state is ProposalState.OPEN:
        parts.append(
            md(
                "needs {wanted} (“{rule}”)",
                wanted=describe_requirement(proposal.requirement),
                rule=proposal.requirement.rule,
            )
        )
        parts.append(md("expires {at}", at=local_time(proposal.expires_at, "{date_short_pretty} at {time}")))
    if proposal.state is ProposalState.WITHDRAWN and proposal.ended_by:
        parts.append(md("withdrawn by {who}", who=mention(proposal.ended_by)))
    if outcome:
        parts.append(outcome)
    return parts


def _build_buttons(proposal: Proposal) -> list[Block | None]:
    confirm = Confirm("Approve this?", "It runs at once when enough people have approved it.", "Approve")
    return [
        button(
            "Approve",
            APPROVE,
            proposal.id,
            style="primary",
            confirm=confirm,
            accessibility_label=f"Approve {proposal.operation}",
        ),
        button("Refuse", REFUSE, proposal.id, style="danger", accessibility_label=f"Refuse {proposal.operation}"),
        button("Withdraw", WITHDRAW, proposal.id, accessibility_label=f"Withdraw {proposal.operation}"),
    ]


def render_outcome(url: str | None, label: str) -> Mrkdwn | None:
    """A link to the build that came of it."""
    return link(url, label) if url else None
