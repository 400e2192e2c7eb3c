"""Commands that connect and disconnect a person's own Buildkite token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, SecretStr

from bot.access.accounts.model import SCOPE_PURPOSES, TOKENS_URL, Account, render_scope_warning
from bot.access.accounts.service import Accounts
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, local_time, md
from commands.access.results import AccountData, AccountResult

TOKENS_PAGE = link(TOKENS_URL, "your API access tokens")
NEVER_TYPE_IT = md(
    "Never type a token: others could read it in the message. Revoke that one now under {page}, create a new "
    "one, and send just `connect` to open a form.",
    page=TOKENS_PAGE,
)
PREFACE = md(
    "Create a token under {page}, with the scopes for what you want to do here: {scopes}. Once it's connected, "
    "I act in Buildkite as you: with your permissions, and only where our own policy allows it too. I store the "
    "token encrypted, never show it to anyone, and delete it when you disconnect.",
    page=TOKENS_PAGE,
    scopes=join(
        [
            md("{scope} ({purpose})", scope=code(scope), purpose=purpose)
            for scope, purpose in SCOPE_PURPOSES.items()
        ],
        ", ",
    ),
)


class ConnectArgs(Args):
    """Arguments of `connect`."""

    token: Annotated[
        SecretStr, Opt(in_manual=False, hint="bkua_…", secret=True), Field(description="Your Buildkite API token")
    ]


@dataclass(frozen=True)
class ConnectContext:
    """The person, and the accounts that people have connected."""

    caller: Caller
    accounts: Accounts


async def _take(args: ConnectArgs, ctx: ConnectContext) -> None:
    await ctx.accounts.connect(ctx.caller.actor, ctx.caller.thread, ctx.caller.invocation_id, args.token)


@operation(
    "connect",
    needs=Permission.HELP,
    token_callable=False,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    on_submit=_take,
    opens_form=True,
    form_intro=PREFACE,
    form_only_message=NEVER_TYPE_IT,
)
async def connect(args: ConnectArgs, ctx: ConnectContext) -> Reply[AccountResult]:  # noqa: ARG001
    """Connect your own Buildkite token, so that you act as yourself."""
    account = await ctx.accounts.find(ctx.caller.actor.team, ctx.caller.actor.id)
    if account is None:
        text = md("You aren't connected. Send {again}.", again=code(f"{ctx.caller.command} connect"))
        return Reply(data=AccountResult(message=text, account=None), text=text)
    connected = md("You're connected and act in Buildkite as {who}.", who=account.display_name)
    parts = [
        connected,
        _describe_expiry(account),
        _warn_of_other_email(account, ctx),
        render_scope_warning(account.scopes),
    ]
    data = AccountResult(message=connected, account=AccountData.from_account(account))
    return Reply(data=data, text=join([part for part in parts if part], "\n"))


async def _probe_disconnect(_args: NoArgs, ctx: ConnectContext) -> Reply[AccountResult] | None:
    """Return the answer of `disconnect` if the person isn't connected, else None."""
    account = await ctx.accounts.find(ctx.caller.actor.team, ctx.caller.actor.id)
    return None if account else _reply_disconnected()


@operation(
    "disconnect",
    needs=Permission.HELP,
    token_callable=False,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    probe=_probe_disconnect,
    examples=("disconnect",),
)
async def disconnect(args: NoArgs, ctx: ConnectContext) -> Reply[AccountResult]:  # noqa: ARG001
    """Disconnect your own Buildkite token."""
    if not await ctx.accounts.disconnect(ctx.caller.actor.team, ctx.caller.actor.id):
        text = md("You weren't connected. I use my own token for your requests.")
        return Reply(data=AccountResult(message=text, account=None), text=text)
    return _reply_disconnected()


def _reply_disconnected() -> Reply[AccountResult]:
    text = md(
        "Disconnected: I deleted your token and use my own again. Yours stays valid in Buildkite until you "
        "revoke it: {page}.",
        page=TOKENS_PAGE,
    )
    return Reply(data=AccountResult(message=text, account=None), text=text)


def _describe_expiry(account: Account) -> Mrkdwn:
    if account.expires_at is None:
        return Mrkdwn("")
    return md("The token expires {moment}.", moment=local_time(account.expires_at, "{date_short_pretty} {time}"))


def _warn_of_other_email(account: Account, ctx: ConnectContext) -> Mrkdwn:
    """Warn about a token with another e-mail address: Buildkite would attribute the person's acts to its owner."""
    mine = (ctx.caller.actor.email or "").lower()
    if not mine or not account.email or mine == account.email.lower():
        return Mrkdwn("")
    return md("Its e-mail address isn't the one you use in Slack ({mine}).", mine=mine)
