"""Pipeline templates."""

from __future__ import annotations

from bot.buildkite.endpoints.organization import PipelineTemplate
from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import link, when
from bot.slack.blockkit.tables import Table

NONE = "There are no pipeline templates."
PLAN = "They belong to Buildkite's Enterprise plan."


@operation("template list", needs=Permission.READ, effect=Effect.READ, examples=("template list",))
async def list_(_: NoArgs, ctx: Context) -> Reply:
    """List the pipeline templates, and whether everybody may use them."""
    found = [template async for template in ctx.buildkite.templates()]
    rows = tuple(_row(template) for template in sorted(found, key=lambda item: item.name.lower()))
    count = "1 template" if len(rows) == 1 else f"{len(rows)} templates"
    columns = ("Template", "Description", "For", "Changed")
    return Reply(table=Table(columns, rows, count, noun="template", empty=NONE, hint=PLAN))


def _row(template: PipelineTemplate) -> tuple[str, ...]:
    whom = "everybody" if template.available else "admins"
    changed = when(template.updated_at, "{date_short_pretty} {time}") if template.updated_at else ""
    return link(template.web_url, template.name), shorten(template.description or "", 200), whom, changed
