"""The card of a protected operation: exactly what will run, who has to agree, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.access.approvals.model import Proposal, State
from bot.access.policy.policy_wording import wanted
from bot.slack.blockkit.blocks import (
    SECTION_LIMIT,
    Block,
    Confirm,
    Message,
    actions,
    button,
    context,
    message,
    packed,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, md, mention, when

APPROVE, REFUSE, WITHDRAW = "proposal approve", "proposal refuse", "proposal withdraw"
_HEADS = {
    State.OPEN: "✋ *Approval needed*",
    State.APPROVED: "✅ *Approved*, about to run",
    State.REFUSED: "⛔ *Refused*",
    State.WITHDRAWN: "↩️ *Withdrawn*",
    State.EXPIRED: "⌛ *Expired*, nothing was run",
    State.DONE: "✅ *Approved* and done",
    State.FAILED: "⚠️ *Approved*, but it did not succeed",
}
# Values of these may be secret: the names are shown, so that an approver knows what is set.
_MASKED = frozenset({"env", "metadata", "fields"})
# Escaped, so much of a message still fits one section, whatever characters it has.
VALUE_SHOWN = 500


def render_proposal(proposal: Proposal, outcome: str | None = None) -> Message:
    """Draw it; `outcome` is a link to what came of it, where something did."""
    head = md("{head} · {name}", head=Mrkdwn(_HEADS[proposal.state]), name=code(proposal.operation))
    what = packed([head, *_arguments(proposal.operation, {**proposal.args, **proposal.how.get("labels", {})})])
    blocks = [
        *(section(text, block_id=f"what:{proposal.id}{index or ''}") for index, text in enumerate(what)),
        context(*_standing(proposal, outcome), block_id=f"standing:{proposal.id}:{len(proposal.votes)}"),
        actions(_buttons(proposal), block_id=f"votes:{proposal.id}:{len(proposal.votes)}")
        if proposal.state is State.OPEN
        else None,
    ]
    asked = md("{who} asks for {name}", who=mention(proposal.requester), name=proposal.operation)
    return message(join([asked, Mrkdwn(": "), head]), blocks)


def render_pending_proposal(proposal: Proposal) -> Message:
    """For whoever presses the button again that it came from: where it stands, and in which channel."""
    channel = proposal.thread.channel
    place = Mrkdwn(f"<#{channel}>") if channel.isalnum() else "that channel"
    who, name = mention(proposal.requester), code(proposal.operation)
    if proposal.state is State.OPEN:
        said = md(
            "✋ {who} asked for {name} already: it waits for approval in {place}.", who=who, name=name, place=place
        )
    else:
        said = md("{head} · {name}, see {place}.", head=Mrkdwn(_HEADS[proposal.state]), name=name, place=place)
    return message(said, [section(said, block_id="pending")])


def _arguments(operation: str, args: Mapping[str, Any]) -> list[Mrkdwn]:
    drawn = [md("{name}: {value}", name=bold(name), value=_value(name, value)) for name, value in args.items()]
    if operation == "build create" and str(args.get("commit", "HEAD")) == "HEAD":
        drawn = [item for item in drawn if not item.startswith("*commit*")]
        drawn.append(md("{name}: HEAD when it runs, whatever that is by then", name=bold("commit")))
    return drawn


def _value(name: str, value: Any) -> Mrkdwn:
    if name in _MASKED and isinstance(value, Mapping):
        return _some([md("{key}=•••", key=code(shorten(key, VALUE_SHOWN))) for key in value])
    if isinstance(value, list | tuple):
        return _some([code(shorten(str(item), VALUE_SHOWN)) for item in value])
    return code(shorten(str(value), VALUE_SHOWN))


def _some(drawn: list[Mrkdwn]) -> Mrkdwn:
    """As many as one section takes; how many more there are is said, for nobody approves what is not shown."""
    kept = 0
    while kept < len(drawn) and (not kept or len(join(drawn[: kept + 1], " ")) < SECTION_LIMIT - 200):
        kept += 1
    more = md("*and {count} more that do not fit here*", count=len(drawn) - kept)
    return join([*drawn[:kept], *([more] if kept < len(drawn) else [])], " ")


def _standing(proposal: Proposal, outcome: str | None) -> list[str]:
    said = [md("{mark} {who}", mark="👍" if v.approves else "👎", who=mention(v.user)) for v in proposal.votes]
    shown: list[str] = [md("asked by {who}", who=mention(proposal.requester)), *said]
    if proposal.state is State.OPEN:
        shown.append(md("needs {wanted} (“{rule}”)", wanted=wanted(proposal.ask), rule=proposal.ask.rule))
        shown.append(md("expires {at}", at=when(proposal.expires_at, "{date_short_pretty} at {time}")))
    if proposal.state is State.WITHDRAWN and proposal.ended_by:
        shown.append(md("withdrawn by {who}", who=mention(proposal.ended_by)))
    if outcome:
        shown.append(outcome)
    return shown


def _buttons(proposal: Proposal) -> list[Block | None]:
    sure = Confirm("Approve this?", "It runs at once when enough people have approved it.", "Approve")
    return [
        button(
            "Approve", APPROVE, proposal.id, style="primary", confirm=sure, reads=f"Approve {proposal.operation}"
        ),
        button("Refuse", REFUSE, proposal.id, style="danger", reads=f"Refuse {proposal.operation}"),
        button("Withdraw", WITHDRAW, proposal.id, reads=f"Withdraw {proposal.operation}"),
    ]


def render_outcome(url: str | None, label: str) -> Mrkdwn | None:
    """A link to the build that came of it."""
    return link(url, label) if url else None
