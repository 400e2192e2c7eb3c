"""Commands that make, list and revoke API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.access.api_tokens.model import DEFAULT_LIFETIME, MAX_LIFETIME, ApiToken
from bot.access.api_tokens.token_records import TokenRecords
from bot.access.api_tokens.token_wording import describe_expiry, describe_place, describe_scope, describe_use
from bot.access.channel_access import ChannelAccess
from bot.access.policy.service import PolicyService
from bot.errors import NotFound, UsageError
from bot.execution.context import Caller
from bot.operations.declarations import Unjudged
from bot.operations.invocation import Invocation
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.durations import limit_duration, parse_duration
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md, mention
from commands.access.results import ApiTokenData, ApiTokenList, ApiTokenResult

INTRO = md(
    "A program with this token acts as you: with your rights at that moment, and no more than you leave it here. "
    "It can't approve requests, connect accounts or manage tokens. It's shown once, when you send this form."
)
FORM_ONLY = md("An API token is shown once, in a form. Send just {command}.", command=code("api-token create"))
_SERVICE_HINT = "For admins: the program has a policy group of its own, service:NAME, and none of your rights"


class CreateTokenArgs(Args):
    """Arguments of `api-token create`."""

    name: Annotated[
        str,
        Opt(positional=True, hint="release-bot"),
        Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name"),
    ]
    permissions: Annotated[
        tuple[Permission, ...],
        Opt(hint="None chosen: all of yours"),
        Field(description="Permissions"),
    ] = ()
    pipelines: Annotated[
        tuple[str, ...],
        Opt(suggest="pipeline pattern", hint="None chosen: all", target=Unjudged("it limits the token only")),
        Field(max_length=50, description="Pipelines"),
    ] = ()
    channel: Annotated[
        str | None,
        Opt(suggest="channel", hint="What the program does is announced there"),
        Field(pattern=r"^[CG][A-Z0-9]{2,}$", description="Channel for announcements"),
    ] = None
    expires: Annotated[
        str,
        Opt(value="duration", hint="90d, at most 365d"),
        AfterValidator(limit_duration(MAX_LIFETIME)),
        Field(description="Expires in"),
    ] = f"{DEFAULT_LIFETIME.days}d"
    service: Annotated[
        str | None,
        Opt(hint=_SERVICE_HINT),
        Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$", description="Service"),
    ] = None

    def describe_token(self, owner: str, now: datetime) -> ApiToken:
        """Return the token that is wanted, which has no id yet."""
        return ApiToken(
            id="",
            name=self.name,
            owner=owner,
            service=self.service,
            permissions=frozenset(self.permissions) or None,
            pipelines=self.pipelines,
            channel=self.channel,
            expires_at=now + parse_duration(self.expires),
            created_at=now,
        )


class RevokeTokenArgs(Args):
    """Arguments of `api-token revoke`."""

    token: Annotated[
        str,
        Opt(positional=True, hint="release-bot"),
        Field(min_length=1, max_length=40, description="Name or id"),
    ]


@dataclass(frozen=True)
class CreateTokenContext:
    """The person, and what a new token is checked against."""

    caller: Caller
    clock: Clock
    policy: PolicyService
    channels: ChannelAccess
    tokens: TokenRecords


@dataclass(frozen=True)
class TokenRecordsContext:
    """The person, and the tokens that they may see."""

    caller: Caller
    policy: PolicyService
    tokens: TokenRecords

    @property
    def visible_owner(self) -> str | None:
        """Return whose tokens the person sees: their own, or as an admin everyone's (None)."""
        actor = self.caller.actor
        return None if self.policy.holds(actor, Permission.ADMIN) else actor.id

    async def choose(self, words: str) -> ApiToken:
        """Return the person's token with that id or name, else for an admin anyone's. Raise NotFound."""
        try:
            return await self.tokens.choose(words, self.caller.actor.id)
        except NotFound:
            if self.visible_owner is not None:
                raise
        return await self.tokens.choose(words)


async def _make(args: CreateTokenArgs, ctx: CreateTokenContext) -> Mrkdwn:
    """Make the token and return the text that shows it, the only time."""
    actor, now = ctx.caller.actor, ctx.clock.now()
    if args.service and not ctx.policy.holds(actor, Permission.ADMIN):
        raise UsageError("Only admins make tokens for services.", "Leave this empty, or ask an admin.", "service")
    if args.channel and not await ctx.channels.is_joined(args.channel, actor.id):
        raise UsageError("You aren't in that channel, or I'm not.", "Choose one that we're both in.", "channel")
    token = args.describe_token(actor.id, now)
    raw = await ctx.tokens.create(token, _ask_as(ctx.caller, "api-token create"))
    return md(
        "This is the API token {name}. Copy it now: nobody can show it again.\n```{raw}```\nIt expires {expiry}.",
        name=code(token.name),
        raw=Mrkdwn(raw),
        expiry=describe_expiry(token),
    )


def _ask_as(caller: Caller, operation_name: str) -> Invocation:
    """Return the invocation that the audit names for a change to a token."""
    return Invocation(
        caller.invocation_id, "", operation_name, {}, caller.actor.id, caller.thread, caller.actor.via
    )


@operation(
    "api-token create",
    label="Create API token",
    needs=Permission.HELP,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    token_callable=False,
    on_submit=_make,
    opens_form=True,
    form_intro=INTRO,
    form_only_message=FORM_ONLY,
)
async def create(args: CreateTokenArgs, ctx: CreateTokenContext) -> Reply[ApiTokenResult]:
    """Create an API token, with which a program acts as you within limits."""
    token = await ctx.tokens.choose(args.name, ctx.caller.actor.id)
    text = md(
        "You created the API token {name}: {scope}. It expires {expiry}{place}. Revoke it with {revoke}.",
        name=code(token.name),
        scope=describe_scope(token),
        place=md(", and what it does is announced in {channel}", channel=describe_place(token))
        if token.channel
        else "",
        expiry=describe_expiry(token),
        revoke=code(f"{ctx.caller.command} api-token revoke {token.name}"),
    )
    return Reply(data=ApiTokenResult.from_token(token, text), text=text)


@operation(
    "api-token list",
    needs=Permission.HELP,
    effect=Effect.READS,
    token_callable=False,
    examples=("api-token list",),
)
async def list_(args: NoArgs, ctx: TokenRecordsContext) -> Reply[ApiTokenList]:  # noqa: ARG001
    """List your valid API tokens; admins see everyone's."""
    tokens = await ctx.tokens.list_valid(ctx.visible_owner)
    table = Table(
        ("Name", "Id", "Owner", "May", "Announced in", "Expires", "Last used"),
        tuple(_render_row(token) for token in tokens),
        "Valid API tokens, newest first",
        noun="token",
        empty="No valid API tokens.",
        hint=f"Create one with `{ctx.caller.command} api-token create`.",
        newest_first=True,
    )
    data = ApiTokenList(message=table.summary, tokens=tuple(map(ApiTokenData.from_token, tokens)))
    return Reply(data=data, table=table)


def _render_row(token: ApiToken) -> tuple[str, ...]:
    owner = md("{group}, by {maker}", group=token.group, maker=mention(token.owner))
    return (
        token.name,
        token.id,
        owner if token.service else mention(token.owner),
        describe_scope(token),
        describe_place(token),
        describe_expiry(token),
        describe_use(token),
    )


async def _pin(args: RevokeTokenArgs, ctx: TokenRecordsContext) -> RevokeTokenArgs:
    """Replace a name by the id, which stays the same token's."""
    known = await ctx.tokens.find(args.token)
    if known and ctx.visible_owner in (None, known.owner):
        return args
    return RevokeTokenArgs(token=(await ctx.choose(args.token)).id)


async def _ask(args: RevokeTokenArgs, ctx: TokenRecordsContext) -> Mrkdwn | None:
    token = await ctx.choose(args.token)
    return md("Revoke {token}? Programs that use it stop working at once.", token=_name(token, ctx))


async def _probe_revoke(args: RevokeTokenArgs, ctx: TokenRecordsContext) -> Reply[ApiTokenResult] | None:
    """Return the answer if the token is revoked, else None."""
    token = await ctx.tokens.find(args.token)
    return _reply_revoked(token, ctx) if token and token.revoked_at else None


@operation(
    "api-token revoke",
    label="Revoke API token",
    needs=Permission.HELP,
    effect=Effect.CHANGES_STATE,
    token_callable=False,
    pin=_pin,
    confirm=_ask,
    probe=_probe_revoke,
    examples=("api-token revoke release-bot",),
)
async def revoke(args: RevokeTokenArgs, ctx: TokenRecordsContext) -> Reply[ApiTokenResult]:
    """Revoke an API token of yours; admins revoke anyone's."""
    token = await ctx.choose(args.token)
    await ctx.tokens.revoke(token, _ask_as(ctx.caller, "api-token revoke"))
    return _reply_revoked(await ctx.tokens.find(token.id) or token, ctx)


def _reply_revoked(token: ApiToken, ctx: TokenRecordsContext) -> Reply[ApiTokenResult]:
    text = md("Revoked {token}. It no longer works.", token=_name(token, ctx))
    return Reply(data=ApiTokenResult.from_token(token, text), text=text)


def _name(token: ApiToken, ctx: TokenRecordsContext) -> Mrkdwn:
    """Return the token as people read it: whose it is, if it isn't the reader's own."""
    if token.service is not None:
        return md("the API token {name} of {group}", name=code(token.name), group=token.group)
    if token.owner == ctx.caller.actor.id:
        return md("your API token {name}", name=code(token.name))
    return md("the API token {name} of {owner}", name=code(token.name), owner=mention(token.owner))
