"""Renders the card of a proposal, and answers about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.access.approvals.model import Proposal, ProposalState
from bot.access.policy.policy_wording import count_approvals
from bot.slack.blockkit.blocks import (
    Block,
    Confirm,
    Message,
    actions,
    button,
    context,
    message,
    pack_lines,
    section,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, join, local_time, md, mention, strip_markup

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
_WANTING = frozenset({ProposalState.OPEN, ProposalState.APPROVED})
# A deadline within this time is shown without its date.
_SAME_DAY = timedelta(hours=12)


def render_proposal(proposal: Proposal, *, copied: bool = False) -> Message:
    """Render the card of a proposal: what is wanted, by whom, and who decides or has decided.

    `copied`: the card in an approver's direct messages, where the requester can't withdraw it.
    """
    heading = _render_heading(proposal)
    what = pack_lines([heading, render_request(proposal), *proposal.wording.details])
    is_open = proposal.state is ProposalState.OPEN
    blocks = [
        *(section(text, block_id=f"what:{proposal.id}{index or ''}") for index, text in enumerate(what)),
        section(render_requirement(proposal, copied=copied), block_id=f"needs:{proposal.id}") if is_open else None,
        context(*_render_status(proposal), block_id=f"standing:{proposal.id}:{len(proposal.votes)}"),
        actions(_build_buttons(proposal, copied=copied), block_id=f"votes:{proposal.id}:{len(proposal.votes)}")
        if is_open
        else None,
    ]
    return message(md("{heading}: {request}", heading=heading, request=render_request(proposal)), blocks)


def render_request(proposal: Proposal) -> Mrkdwn:
    """Render the request in one sentence: `Alice wants to start deploy-prod on main: Ship v2`."""
    verb = "wants to" if proposal.state in _WANTING else "wanted to"
    return md("{who} {verb} {what}", who=name_requester(proposal), verb=verb, what=proposal.wording.whole)


def name_requester(proposal: Proposal) -> Mrkdwn:
    """Return the requester's name, which notifies no one; a mention where the name wasn't stored."""
    return md("{name}", name=proposal.requester_name) if proposal.requester_name else mention(proposal.requester)


def render_requirement(proposal: Proposal, *, copied: bool = False) -> Mrkdwn:
    """Render what is still needed: `Needs 1 approval from @release before 5:58 PM.`"""
    requirement = proposal.requirement
    pattern = "{time}" if requirement.expires <= _SAME_DAY else "{date_short_pretty} at {time}"
    return md(
        "Needs {approvals} before {deadline}.{wait}",
        approvals=count_approvals(requirement, proposal.asked_of),
        deadline=local_time(proposal.expires_at, pattern),
        wait=md(" {wait}", wait=_render_wait(proposal)) if proposal.sent_to and not copied else "",
    )


def render_waiting_note(proposal: Proposal) -> Message:
    """Render the note to the requester about a request that waits somewhere else."""
    place = Mrkdwn(f"<#{proposal.place.channel}>")
    text = md("✋ Your request to {act} waits for approval in {place}.", act=proposal.wording.act, place=place)
    return message(text, [section(text, block_id=f"waiting:{proposal.id}")])


def _render_wait(proposal: Proposal) -> Mrkdwn:
    """Name the approvers who were asked by direct message."""
    who = join_names(mention(user) for user in proposal.sent_to[:5])
    return md("I asked {who} by direct message.", who=who)


def render_pending_proposal(proposal: Proposal) -> Message:
    """Render the answer to a second press of the same button: the state of the proposal and its channel."""
    channel = proposal.place.channel
    place = Mrkdwn(f"<#{channel}>") if channel.isalnum() else "that channel"
    if proposal.state is ProposalState.OPEN and proposal.sent_to:
        who, wait = name_requester(proposal), _render_wait(proposal)
        text = md("✋ {who} already asked to {what}. {wait}", who=who, what=proposal.wording.act, wait=wait)
    elif proposal.state is ProposalState.OPEN:
        text = md(
            "✋ {who} already asked to {what}. It's waiting for approval in {place}.",
            who=name_requester(proposal),
            what=proposal.wording.act,
            place=place,
        )
    else:
        heading = _render_heading(proposal)
        text = md(
            "{heading}. {request}: see {place}.", heading=heading, request=render_request(proposal), place=place
        )
    return message(text, [section(text, block_id="pending")])


def render_outcome(proposal: Proposal, answer: Message | None = None) -> Message:
    """Render the message to the requester about the end; `answer` is why it failed, with the buttons that help."""
    text = md("{who} {end}", who=mention(proposal.requester), end=_describe_outcome(proposal))
    reason = answer.blocks if answer and proposal.state is ProposalState.FAILED else ()
    return message(text, [section(text, block_id=f"outcome:{proposal.id}"), *reason])


def _describe_outcome(proposal: Proposal) -> Mrkdwn:
    act, outcome = proposal.wording.act, Mrkdwn(proposal.outcome or "")
    match proposal.state:
        case ProposalState.REFUSED:
            who = name_voters(proposal, approving=False)
            return md("{who} refused your request to {act}.", who=who, act=act)
        case ProposalState.WITHDRAWN:
            who = mention(proposal.ended_by or "")
            return md("{who} withdrew your request to {act}.", who=who, act=act)
        case ProposalState.EXPIRED:
            hint = "Ask again when an approver is available."
            return md("Your request to {act} wasn't approved in time. {hint}", act=act, hint=hint)
        case ProposalState.FAILED:
            who = name_voters(proposal, approving=True)
            return md("{who} approved your request to {act}, but it failed.", who=who, act=act)
        case _:
            who = name_voters(proposal, approving=True)
            return md("Approved by {who}: {outcome}.", who=who, outcome=outcome or act)


def name_voters(proposal: Proposal, *, approving: bool) -> Mrkdwn:
    """Return the names of those who approved, or of those who refused; mentions where no name was stored."""
    chosen = [vote for vote in proposal.votes if vote.approves is approving]
    return join_names(vote.name or mention(vote.user) for vote in chosen)


def join_names(names: Iterable[str]) -> Mrkdwn:
    """Join names as `Bob, Cara and Dan`."""
    *first, last = [md("{name}", name=name) for name in names] or [Mrkdwn("")]
    return md("{first} and {last}", first=join(first, ", "), last=last) if first else last


def describe_decision(proposal: Proposal) -> Mrkdwn:
    """Say who decided a proposal and when, to a person who presses one of its buttons too late."""
    at = local_time(proposal.decided_at or proposal.expires_at, "{date_short_pretty} at {time}")
    match proposal.state:
        case ProposalState.REFUSED:
            return md("{who} refused this {at}.", who=name_voters(proposal, approving=False), at=at)
        case ProposalState.WITHDRAWN:
            who = mention(proposal.ended_by) if proposal.ended_by else name_requester(proposal)
            return md("{who} withdrew this {at}.", who=who, at=at)
        case ProposalState.OPEN | ProposalState.EXPIRED:
            return md("This expired {at}, because it didn't get enough approvals in time.", at=at)
        case _:
            return md("{who} approved this {at}.", who=name_voters(proposal, approving=True), at=at)


def _render_heading(proposal: Proposal) -> Mrkdwn:
    if proposal.state is ProposalState.DONE and proposal.outcome:
        return md("✅ *Approved*: {outcome}", outcome=Mrkdwn(proposal.outcome))
    return Mrkdwn(_HEADINGS[proposal.state])


def _render_status(proposal: Proposal) -> list[str]:
    """Render the votes, how it ended, and the rule."""
    parts: list[str] = [
        md("{mark} {who}", mark="👍" if vote.approves else "👎", who=vote.name or mention(vote.user))
        for vote in proposal.votes
    ]
    parts.append(md("“{rule}”", rule=proposal.requirement.rule))
    if proposal.state is ProposalState.WITHDRAWN and proposal.ended_by:
        parts.append(md("withdrawn by {who}", who=mention(proposal.ended_by)))
    if proposal.state is ProposalState.FAILED and proposal.outcome:
        parts.append(Mrkdwn(proposal.outcome))
    return parts


def _build_buttons(proposal: Proposal, *, copied: bool) -> list[Block | None]:
    """Build the buttons that people can use where the card is."""
    act = strip_markup(proposal.wording.act)
    confirm = Confirm(
        "Approve this?",
        f"{strip_markup(render_request(proposal))}. It starts as soon as enough people have approved it.",
        "Approve",
    )
    vote: list[Block | None] = [
        button(
            "Approve",
            APPROVE,
            proposal.id,
            style="primary",
            confirm=confirm,
            accessibility_label=f"Approve: {act}",
        ),
        button("Refuse", REFUSE, proposal.id, style="danger", accessibility_label=f"Refuse: {act}"),
    ]
    withdraw = button("Withdraw", WITHDRAW, proposal.id, accessibility_label=f"Withdraw: {act}")
    if copied:
        return vote
    return [withdraw] if proposal.is_private else [*vote, withdraw]
