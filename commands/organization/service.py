"""What Buildkite sends elsewhere: list its notification services, and set up the webhook to this bot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.models import NotificationService
from bot.buildkite.webhook_registration import SetUp, found, set_up, shown_url
from bot.errors import Ambiguous, NotFound
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md
from bot.slack.blockkit.tables import Table

_COLUMNS = ("Service", "Description", "To", "State", "Id")


class Removal(Args):
    """Which service to remove."""

    service: Annotated[
        str, Opt(positional=True, hint="its id, or a beginning of it"), Field(min_length=4, description="Service")
    ]


@operation("service list", needs=Permission.ADMIN, effect=Effect.READ, examples=("service list",))
async def list_(_args: NoArgs, ctx: Context) -> Reply:
    """List what Buildkite sends elsewhere: webhooks, Slack messages and the like."""
    services = [service async for service in ctx.buildkite.services()]
    mine = ctx.webhook.among(services)
    rows = tuple(_row(service, mine=service is mine) for service in services)
    count = "1 service" if len(rows) == 1 else f"{len(rows)} services"
    empty = "Buildkite sends nothing elsewhere."
    offer = () if mine else (Button("Add my webhook", Call("service add"), reads="Add the webhook to this bot"),)
    return Reply(table=Table(_COLUMNS, rows, count, empty=empty), buttons=offer)


def _row(service: NotificationService, *, mine: bool) -> tuple[str, ...]:
    """Never its settings as they are: a webhook's token stands there in full."""
    name = str(service.provider.get("name") or service.provider.get("id") or "")
    what = md("{name} (mine)", name=bold(name)) if mine else name
    where = code(shorten(shown_url(service.webhook_url), 200)) if service.webhook_url else ""
    state = "on" if service.enabled else "off"
    return what, shorten(service.description or "", 200), where, state, code(service.id)


async def _probe_add(_args: NoArgs, ctx: Context) -> Reply | None:
    done = await found(ctx.buildkite, ctx.webhook)
    return _told(done) if done else None


@operation("service add", needs=Permission.ADMIN, probe=_probe_add, examples=("service add",))
async def add(_args: NoArgs, ctx: Context) -> Reply:
    """Set up the webhook by which Buildkite tells me of builds and agents, or put it right."""
    return _told(await set_up(ctx.buildkite, ctx.webhook))


def _told(done: SetUp) -> Reply:
    where = code(shown_url(done.service.webhook_url))
    if done.how == "found":
        return Reply(
            text=md("The webhook to {where} is there already, and nothing is wrong with it.", where=where)
        )
    was = md(": {was}", was="; ".join(done.was)) if done.was else Mrkdwn("")
    how = Mrkdwn("created") if done.how == "created" else Mrkdwn("put right")
    return Reply(
        text=md("{how} the Buildkite webhook to {where}{was}", how=how, where=where, was=was), private=False
    )


async def _pin_removal(args: Removal, ctx: Context) -> Removal:
    services = [service async for service in ctx.buildkite.services()]
    fitting = [service for service in services if service.id.startswith(args.service.lower())]
    if len(fitting) > 1:
        options = tuple((f"{item.description or item.id[:8]} ({item.id[:8]})", item.id) for item in fitting)
        raise Ambiguous(f"Several services begin with “{args.service}”.", "service", options)
    if not fitting:
        raise NotFound(f"There is no service “{args.service}”.", f"See `{ctx.command} service list`.")
    return args.model_copy(update={"service": fitting[0].id})


async def _ask_removal(args: Removal, ctx: Context) -> Mrkdwn | None:
    item = await ctx.buildkite.service(args.service)
    mine = ctx.webhook.among([item]) is not None
    harm = " It is mine: I shall learn of builds later, by asking." if mine else ""
    name = item.description or str(item.provider.get("name") or item.id)
    return md("Remove {name}? Nothing is sent there any more.{harm}", name=bold(name), harm=harm)


async def _probe_removal(args: Removal, ctx: Context) -> Reply | None:
    try:
        await ctx.buildkite.service(args.service)
    except NotFound:
        return _removed(args.service)
    return None


@operation(
    "service remove",
    needs=Permission.ADMIN,
    pin=_pin_removal,
    confirm=_ask_removal,
    probe=_probe_removal,
    examples=("service remove 9f0f9a19",),
)
async def remove(args: Removal, ctx: Context) -> Reply:
    """Remove a notification service: nothing is sent there any more."""
    await ctx.buildkite.delete_service(args.service)
    return _removed(args.service)


def _removed(service: str) -> Reply:
    return Reply(text=md("removed the notification service {id}", id=code(service)), private=False)
