"""Everything that is shown, by name: cards, thread replies, answers."""

from bot.core.blocks import Message
from bot.core.render_card import card
from bot.core.render_notice import notice
from bot.core.render_reply import bug, invite, problem, question, reply

__all__ = ["Message", "bug", "card", "invite", "notice", "problem", "question", "reply"]
