"""Channels that people of other organizations read: nothing is said there unless the policy names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.access.policy.rules import Refuse, Rules
from bot.slack.blockkit.mrkdwn import code, md

RULE = "shared channel"


def external(channel: Mapping[str, Any]) -> bool:
    """Whether another organization is in a conversation, or will be and then reads what stands there already.

    One that is shared between the workspaces of one organization is not meant.
    https://docs.slack.dev/reference/objects/conversation-object
    """
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return True
    return bool(channel.get("is_shared")) and not channel.get("is_org_shared")


def named(rules: Rules, channel: Mapping[str, Any]) -> bool:
    """Whether the policy names it, by its id or as `#name`."""
    names = {str(channel.get("id")), f"#{str(channel.get('name') or '').lower()}"}
    return bool(rules.shared_channels & names)


def outside(rules: Rules, channel: str) -> Refuse:
    """Why nothing comes of it there, and what to do."""
    hint = md(
        "Ask in an internal channel or in a direct message to me, or ask {admins} to put {channel} "
        "into `shared_channels` of the policy.",
        admins=rules.admins,
        channel=code(channel),
    )
    said = "This channel is shared with another organization, so I do and say nothing here."
    return Refuse(RULE, said, hint)
