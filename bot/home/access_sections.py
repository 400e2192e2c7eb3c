"""Renders the parts of an App Home about a person's own access: their Buildkite account and their API tokens."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access.accounts.model import Account
from bot.access.api_tokens.model import ApiToken
from bot.access.api_tokens.token_wording import describe_expiry, describe_scope, describe_use
from bot.home.model import PREFIX
from bot.slack.blockkit.blocks import Block, Confirm, button, context, divider, header, join_dotted, section
from bot.slack.blockkit.mrkdwn import bold, md

_MAX_TOKENS = 5


def render_account(account: Account | None) -> list[Block]:
    """Render whether the person has connected their Buildkite account."""
    if account is None:
        text = (
            "Not connected: I use my own Buildkite token for you. Connect your account to act under your own name."
        )
        press = button("Connect", f"{PREFIX}connect", "me", accessibility_label="Connect your Buildkite account")
    else:
        text = md("Connected: in Buildkite you act as {who}.", who=bold(account.display_name))
        press = button(
            "Disconnect", f"{PREFIX}disconnect", "me", accessibility_label="Remove your Buildkite token"
        )
    return [divider(), header("Buildkite account"), section(text, block_id="account", accessory=press)]


def render_api_tokens(tokens: Sequence[ApiToken]) -> list[Block]:
    """Render a person's valid API tokens, each with a button that revokes it."""
    create = button("Create", f"{PREFIX}api-token create", "new", accessibility_label="Create an API token")
    text = "Programs with an API token act as you, within its limits."
    about = section(text, block_id="tokens", accessory=create)
    more = len(tokens) - _MAX_TOKENS
    rest = [context(f"… and {more} more", block_id="tokens:more")] if more > 0 else []
    return [divider(), header("API tokens"), about, *map(_render_token, tokens[:_MAX_TOKENS]), *rest]


def _render_token(token: ApiToken) -> Block:
    confirm = Confirm(f"Revoke {token.name}?", "Programs that use it stop working at once.", "Revoke")
    press = button(
        "Revoke",
        f"{PREFIX}api-token revoke",
        token.id,
        style="danger",
        confirm=confirm,
        accessibility_label=f"Revoke the API token {token.name}",
    )
    facts = [
        bold(token.name),
        describe_scope(token),
        md("expires {moment}", moment=describe_expiry(token)),
        md("last used: {moment}", moment=describe_use(token)),
    ]
    return section(join_dotted(facts), block_id=f"token:{token.id}", accessory=press)
