"""Commands that list, add and remove Buildkite's notification services, such as the webhook to this bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.notification_services import ServiceCalls
from bot.buildkite.webhook_registration import OwnWebhook, SetUpResult, find_working, redact_url, set_up
from bot.errors import Ambiguous, NotFound
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md
from commands.organization.results import RemovedService, ServiceData, ServiceList, ServiceResult

_COLUMNS = ("Service", "Description", "To", "State", "Id")


class ServiceRemoveArgs(Args):
    """Arguments of `service remove`."""

    service: Annotated[
        str, Opt(positional=True, hint="id or its first characters"), Field(min_length=4, description="Service")
    ]


@dataclass(frozen=True)
class ServiceContext:
    """The notification services, and the bot's own webhook among them."""

    caller: Caller
    services: ServiceCalls
    webhook: OwnWebhook


@operation(
    "admin service list",
    former=("service list",),
    needs=Permission.ADMIN,
    effect=Effect.READS,
    scopes=("read_notification_services",),
    examples=("admin services",),
)
async def list_(_args: NoArgs, ctx: ServiceContext) -> Reply[ServiceList]:
    """List Buildkite's notification services: webhooks, Slack and others."""
    services = [service async for service in ctx.services.services()]
    mine = ctx.webhook.find_among(services)
    listed = tuple(ServiceData.from_service(service, is_own=service is mine) for service in services)
    rows = tuple(map(_render_row, listed))
    count = "1 service" if len(rows) == 1 else f"{len(rows)} services"
    empty = "Buildkite has no notification services."
    offer = (
        ()
        if mine
        else (Button("Add my webhook", Call("admin service add"), spoken_label="Add the webhook to this bot"),)
    )
    table = Table(_COLUMNS, rows, count, empty=empty)
    return Reply(data=ServiceList(message=table.summary, services=listed), table=table, buttons=offer)


def _render_row(service: ServiceData) -> tuple[str, ...]:
    what = md("{name} (mine)", name=bold(service.name)) if service.is_own else service.name
    where = code(shorten(service.url, 200)) if service.url else ""
    state = "on" if service.is_enabled else "off"
    return what, shorten(service.description or "", 200), where, state, code(service.id)


async def _probe_add(_args: NoArgs, ctx: ServiceContext) -> Reply[ServiceResult] | None:
    done = await find_working(ctx.services, ctx.webhook)
    return _reply_set_up(done) if done else None


@operation(
    "admin service add",
    former=("service add",),
    needs=Permission.ADMIN,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_notification_services",),
    probe=_probe_add,
    examples=("admin service add",),
)
async def add(_args: NoArgs, ctx: ServiceContext) -> Reply[ServiceResult]:
    """Set up or repair the Buildkite webhook to this bot."""
    return _reply_set_up(await set_up(ctx.services, ctx.webhook))


def _reply_set_up(done: SetUpResult) -> Reply[ServiceResult]:
    where = code(redact_url(done.service.webhook_url))
    if done.how == "found":
        text = md("The webhook to {where} already exists and is set up correctly.", where=where)
        return Reply(data=_describe_set_up(done, text), text=text)
    was = md(": {was}", was="; ".join(done.problems)) if done.problems else Mrkdwn("")
    how = Mrkdwn("created") if done.how == "created" else Mrkdwn("repaired")
    text = md("{how} the Buildkite webhook to {where}{was}", how=how, where=where, was=was)
    return Reply(data=_describe_set_up(done, text), text=text, private=False)


def _describe_set_up(done: SetUpResult, message: str) -> ServiceResult:
    service = ServiceData.from_service(done.service, is_own=True)
    return ServiceResult(message=message, service=service, action=done.how, problems=done.problems)


async def _pin_remove(args: ServiceRemoveArgs, ctx: ServiceContext) -> ServiceRemoveArgs:
    services = [service async for service in ctx.services.services()]
    fitting = [service for service in services if service.id.startswith(args.service.lower())]
    if len(fitting) > 1:
        options = tuple(
            (f"{service.description or service.id[:8]} ({service.id[:8]})", service.id) for service in fitting
        )
        raise Ambiguous(f"Several services have ids that start with “{args.service}”.", "service", options)
    if not fitting:
        raise NotFound(f"There's no service “{args.service}”.", f"See `{ctx.caller.command} admin services`.")
    return args.model_copy(update={"service": fitting[0].id})


async def _ask_remove(args: ServiceRemoveArgs, ctx: ServiceContext) -> Mrkdwn | None:
    service = await ctx.services.service(args.service)
    mine = ctx.webhook.find_among([service]) is not None
    harm = " It's my webhook: without it, I have to poll and notice changes later." if mine else ""
    name = service.description or str(service.provider.get("name") or service.id)
    return md("Remove {name}? Buildkite stops sending to it.{harm}", name=bold(name), harm=harm)


async def _probe_remove(args: ServiceRemoveArgs, ctx: ServiceContext) -> Reply[RemovedService] | None:
    try:
        await ctx.services.service(args.service)
    except NotFound:
        return _reply_removed(args.service)
    return None


@operation(
    "admin service remove",
    former=("service remove",),
    needs=Permission.ADMIN,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_notification_services",),
    pin=_pin_remove,
    confirm=_ask_remove,
    probe=_probe_remove,
    examples=("admin service remove 9f0f9a19",),
)
async def remove(args: ServiceRemoveArgs, ctx: ServiceContext) -> Reply[RemovedService]:
    """Remove a notification service from Buildkite."""
    await ctx.services.delete_service(args.service)
    return _reply_removed(args.service)


def _reply_removed(service: str) -> Reply[RemovedService]:
    text = md("removed the notification service {id}", id=code(service))
    return Reply(data=RemovedService(message=text, service=service), text=text, private=False)
