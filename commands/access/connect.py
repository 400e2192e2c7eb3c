"""Personal Buildkite tokens: connected by a form, forgotten by a word."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from bot.access.accounts.model import TOKENS, Account, warning
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, join, link, md, when

TYPED = (
    f"A token is never typed: it would stand in a message. Revoke that one now at {TOKENS}, make another, and "
    "send `connect` alone: a form opens."
)
PREFACE = (
    f"Make a token at {TOKENS}. From then on I ask Buildkite in your name: with your rights there, and only where "
    "our own rules allow it too. I keep the token encrypted, show it to nobody, and forget it with disconnect."
)


class Connect(Args):
    """Somebody's own token."""

    token: Annotated[SecretStr, Opt(manual=False, hint="bkua_…"), Field(description="Your Buildkite API token")]


async def _take(args: Connect, ctx: Context) -> None:
    await ctx.accounts.connect(ctx.actor, ctx.thread, ctx.mark, args.token)


@operation(
    "connect",
    needs=Permission.HELP,
    effect=Effect.READ,
    take=_take,
    form=True,
    preface=PREFACE,
    form_only=TYPED,
)
async def connect(args: Connect, ctx: Context) -> Reply:  # noqa: ARG001
    """Act at Buildkite with your own token: a form asks for it."""
    account = await ctx.accounts.find(ctx.actor.team, ctx.actor.id)
    if account is None:
        return Reply(text=md("You are not connected. Send {again}.", again=code(f"{ctx.command} connect")))
    said = md("You are connected: at Buildkite you act as {who}.", who=account.called)
    parts = [said, _until(account), _somebody_else(account, ctx), warning(account.scopes)]
    return Reply(text=join([part for part in parts if part], "\n"))


@operation("disconnect", needs=Permission.HELP, effect=Effect.READ, examples=("disconnect",))
async def disconnect(args: NoArgs, ctx: Context) -> Reply:  # noqa: ARG001
    """Forget your own Buildkite token."""
    if not await ctx.accounts.disconnect(ctx.actor.team, ctx.actor.id):
        return Reply(text=md("You were not connected: I ask Buildkite with my own token."))
    return Reply(
        text=md(
            "Forgotten: I use my own token again. Yours still works at Buildkite until you revoke it: {page}.",
            page=link(TOKENS, "your API access tokens"),
        )
    )


def _until(account: Account) -> Mrkdwn:
    if account.expires_at is None:
        return Mrkdwn("")
    return md("The token works until {moment}.", moment=when(account.expires_at, "{date_short_pretty} {time}"))


def _somebody_else(account: Account, ctx: Context) -> Mrkdwn:
    """A token of somebody else's makes their name stand on what one does."""
    mine = (ctx.actor.email or "").lower()
    if not mine or not account.email or mine == account.email.lower():
        return Mrkdwn("")
    return md("Its e-mail address is not the one that you have in Slack ({mine}).", mine=mine)
