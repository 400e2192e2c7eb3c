"""Shows on a build's card what waits for approval and who approved, without buttons that bypass it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.access.approvals.model import BuildApproval, ProposalState
from bot.access.approvals.render import join_names
from bot.slack.blockkit.blocks import Block, Message, context, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, join, md, mention


def add_approvals(message: Message, approvals: Sequence[BuildApproval], card_id: str, revision: int) -> Message:
    """Return the card's message with the proposals about its build."""
    if not approvals:
        return message
    waiting = [approval for approval in approvals if approval.is_pending]
    lines = [
        section(_render_pending(approval), block_id=f"approval:{card_id}:{revision}:{index}")
        for index, approval in enumerate(waiting)
    ]
    done = [_render_approved(approval) for approval in approvals if approval.state is ProposalState.DONE]
    credit = [context(join(done, " · "), block_id=f"approved:{card_id}:{revision}")] if done else []
    hidden = frozenset(approval.operation for approval in waiting)
    kept = [_drop_buttons(block, hidden) for block in message.blocks]
    at = next((at for at, block in enumerate(kept) if block and block["type"] == "actions"), len(kept))
    blocks = [*kept[:at], *lines, *credit, *kept[at:]]
    return replace(message, blocks=tuple(block for block in blocks if block is not None))


def _drop_buttons(block: Block, operations: frozenset[str]) -> Block | None:
    """Return a block without the buttons of these operations; None for a row that has no others."""
    elements = block.get("elements")
    if block["type"] != "actions" or not isinstance(elements, list | tuple):
        return block
    kept = [element for element in elements if _get_action(element) not in operations]
    return {**block, "elements": kept} if kept else None


def _get_action(element: object) -> object:
    return element.get("action_id") if isinstance(element, dict) else None


def _render_pending(approval: BuildApproval) -> Mrkdwn:
    who, verb = mention(approval.requester), approval.verb
    if approval.state is ProposalState.APPROVED:
        return md("✅ Approved by {names}: {verb} starts now.", names=join_names(approval.approvers), verb=verb)
    return md("✋ {who} asked to {verb} it. This waits for approval.", who=who, verb=verb)


def _render_approved(approval: BuildApproval) -> Mrkdwn:
    names = join_names(approval.approvers)
    if approval.started:
        return md("approved by {names}", names=names)
    return md("{verb} approved by {names}", verb=approval.verb, names=names)
