"""Renders the card of a proposal: what will run, the approvals it needs, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.access.approvals.model import Proposal, ProposalState
from bot.access.policy.policy_wording import count_approvals
from bot.runtime.json_types import JsonObject, JsonValue
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
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, local_time, md, mention

APPROVE, REFUSE, WITHDRAW = "proposal approve", "proposal refuse", "proposal withdraw"
_HEADINGS = {
    ProposalState.OPEN: "✋ *Approval needed*",
    ProposalState.APPROVED: "✅ *Approved*, starting now",
    ProposalState.REFUSED: "⛔ *Refused*",
    ProposalState.WITHDRAWN: "↩️ *Withdrawn*",
    ProposalState.EXPIRED: "⌛ *Expired*. Nothing was run",
    ProposalState.DONE: "✅ *Approved* and run",
    ProposalState.FAILED: "⚠️ *Approved*, but it failed",
}
# Values of these may be secret. Their names are shown, so that an approver knows what is set.
# Characters of a value. Escaping makes a character up to five times as long; this many still fit in one section.
VALUE_LIMIT = 500
# A deadline within this time is shown without its date.
_SAME_DAY = timedelta(hours=12)


def render_proposal(proposal: Proposal, outcome: str | None = None) -> Message:
    """Render the card of a proposal; `outcome` is the answer of the operation, once there is one."""
    heading = md("{heading} · {name}", heading=Mrkdwn(_HEADINGS[proposal.state]), name=code(proposal.operation))
    arguments = {**proposal.args, **proposal.labels}
    what = pack_lines([heading, *_render_arguments(proposal.operation, arguments)])
    blocks = [
        *(section(text, block_id=f"what:{proposal.id}{index or ''}") for index, text in enumerate(what)),
        context(*_render_status(proposal, outcome), block_id=f"standing:{proposal.id}:{len(proposal.votes)}"),
        actions(_build_buttons(proposal), block_id=f"votes:{proposal.id}:{len(proposal.votes)}")
        if proposal.state is ProposalState.OPEN
        else None,
    ]
    summary = md("{who} wants to run {name}", who=mention(proposal.requester), name=proposal.operation)
    return message(join([summary, Mrkdwn(": "), heading]), blocks)


def render_pending_proposal(proposal: Proposal) -> Message:
    """Render the answer to a second press of the same button: the state of the proposal and its channel."""
    channel = proposal.thread.channel
    place = Mrkdwn(f"<#{channel}>") if channel.isalnum() else "that channel"
    who, name = mention(proposal.requester), code(proposal.operation)
    if proposal.state is ProposalState.OPEN:
        text = md(
            "✋ {who} already requested {name}. It's waiting for approval in {place}.",
            who=who,
            name=name,
            place=place,
        )
    else:
        heading = Mrkdwn(_HEADINGS[proposal.state])
        text = md("{heading} · {name}, see {place}.", heading=heading, name=name, place=place)
    return message(text, [section(text, block_id="pending")])


def _render_arguments(operation: str, args: JsonObject) -> list[Mrkdwn]:
    """Render a line per argument, with HEAD as what it means to an approver: a commit that isn't known yet."""
    takes_head = operation == "build create" and str(args.get("commit", "HEAD")) == "HEAD"
    rendered = [
        md("{label}: {value}", label=bold(_format_label(name)), value=_format_value(value))
        for name, value in args.items()
        if not (takes_head and name == "commit")
    ]
    if takes_head:
        branch = code(shorten(str(args["branch"]), VALUE_LIMIT)) if args.get("branch") else "the default branch"
        rendered.append(md("{label}: latest on {branch} when it starts", label=bold("Commit"), branch=branch))
    return rendered


def _format_label(name: str) -> str:
    """Format an argument's name as a label: `ignore_branch_filters` becomes `Ignore branch filters`."""
    return "Environment" if name == "env" else name.replace("_", " ").capitalize()


def _format_value(value: JsonValue) -> Mrkdwn:
    if isinstance(value, bool):
        return Mrkdwn("yes" if value else "no")
    if isinstance(value, Mapping | list | tuple) and not value:
        return Mrkdwn("none")
    if isinstance(value, Mapping):  # what was given for each name may be secret
        return _join_fitting([md("{key}=•••", key=code(shorten(key, VALUE_LIMIT))) for key in value])
    if isinstance(value, list | tuple):
        return _join_fitting([code(shorten(str(part), VALUE_LIMIT)) for part in value])
    return code(shorten(str(value), VALUE_LIMIT))


def _join_fitting(values: list[Mrkdwn]) -> Mrkdwn:
    """Join as many values as fit in one section, and count the rest: approvers must know that there is more."""
    count = 0
    while count < len(values) and (not count or len(join(values[: count + 1], " ")) < SECTION_LIMIT - 200):
        count += 1
    more = md("*and {count} more that don't fit here*", count=len(values) - count)
    return join([*values[:count], *([more] if count < len(values) else [])], " ")


def _render_status(proposal: Proposal, outcome: str | None) -> list[str]:
    votes = [
        md("{mark} {who}", mark="👍" if vote.approves else "👎", who=mention(vote.user)) for vote in proposal.votes
    ]
    parts: list[str] = [md("requested by {who}", who=mention(proposal.requester)), *votes]
    if proposal.state is ProposalState.OPEN:
        parts.append(_render_requirement(proposal))
    if proposal.state is ProposalState.WITHDRAWN and proposal.ended_by:
        parts.append(md("withdrawn by {who}", who=mention(proposal.ended_by)))
    if outcome:
        parts.append(outcome)
    return parts


def _render_requirement(proposal: Proposal) -> Mrkdwn:
    requirement = proposal.requirement
    pattern = "{time}" if requirement.expires <= _SAME_DAY else "{date_short_pretty} at {time}"
    return md(
        "needs {approvals} before {deadline} (“{rule}”)",
        approvals=count_approvals(requirement),
        deadline=local_time(proposal.expires_at, pattern),
        rule=requirement.rule,
    )


def _build_buttons(proposal: Proposal) -> list[Block | None]:
    confirm = Confirm(
        f"Approve {proposal.operation}?", "It starts as soon as enough people have approved it.", "Approve"
    )
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
