"""Removes buttons from a posted message once they have nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.slack.blockkit.blocks import Block, Message, context
from bot.slack.blockkit.mrkdwn import Mrkdwn

_NOTE_BLOCK = "outdated"


def list_actions(message: Message) -> tuple[str, ...]:
    """Return the action ids of the message's buttons, without plain links."""
    return tuple(
        str(element["action_id"])
        for block in message.blocks
        for element in _list_buttons(block)
        if "url" not in element
    )


def remove_buttons(message: Message, is_outdated: Callable[[str], bool], note: Mrkdwn | None) -> Message:
    """Return the message without the buttons whose action id is outdated; `note` says what made them so."""
    if not any(map(is_outdated, list_actions(message))):
        return message
    kept = [block for block in message.blocks if block.get("block_id") != _NOTE_BLOCK]
    pruned = [remaining for block in kept if (remaining := _prune(block, is_outdated)) is not None]
    line = context(note, block_id=_NOTE_BLOCK) if note else None
    return replace(message, blocks=tuple(pruned) if line is None else (*pruned, line))


def _prune(block: Block, is_outdated: Callable[[str], bool]) -> Block | None:
    """Return a block without its outdated buttons; None if nothing is left of it."""
    buttons = _list_buttons(block)
    remaining = [element for element in buttons if "url" in element or not is_outdated(str(element["action_id"]))]
    if block.get("type") != "actions":
        return block
    return {**block, "elements": list(remaining)} if remaining else None


def _list_buttons(block: Block) -> list[Block]:
    elements = block.get("elements") if block.get("type") == "actions" else None
    return [element for element in elements if isinstance(element, dict)] if isinstance(elements, list) else []
