"""Describes API tokens to people. Pure."""

from __future__ import annotations

from typing import LiteralString

from bot.access.api_tokens.model import ApiToken
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, local_time, md

_DAY: LiteralString = "{date_short_pretty}"


def describe_scope(token: ApiToken) -> Mrkdwn:
    """Return what a token leaves of its owner's rights: `build, read on web, deploy-*`."""
    rights = "everything its owner may"
    if token.service is not None:
        rights = f"everything the policy gives {token.group}"
    if token.permissions is not None:
        rights = ", ".join(sorted(token.permissions))
    if not token.pipelines:
        return md("{rights}", rights=rights)
    return md("{rights} on {globs}", rights=rights, globs=join([code(glob) for glob in token.pipelines], ", "))


def describe_place(token: ApiToken) -> Mrkdwn:
    """Return where its acts are announced."""
    return Mrkdwn(f"<#{token.channel}>") if token.channel and token.channel.isalnum() else Mrkdwn("nowhere")


def describe_expiry(token: ApiToken) -> Mrkdwn:
    """Return when it expires."""
    return local_time(token.expires_at, _DAY)


def describe_use(token: ApiToken) -> Mrkdwn:
    """Return when it was last used, to the minute."""
    return local_time(token.used_at, "{date_short_pretty} {time}") if token.used_at else Mrkdwn("never")
