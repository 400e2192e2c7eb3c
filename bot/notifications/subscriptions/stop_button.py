from __future__ import annotations

from bot.notifications.direct.model import STOP
from bot.slack.blockkit.blocks import Block, button


def stop_button(value: str) -> Block:
    """Ends direct messages of this kind, at once."""
    return button("Stop these", STOP, value, reads="Stop these direct messages")
