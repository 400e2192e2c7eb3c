"""Command that lists pipeline templates."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import TemplateCalls
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import link, local_time
from commands.organization.results import TemplateData, TemplateList

NO_TEMPLATES = "There are no pipeline templates."
PLAN = "Templates require Buildkite's Enterprise plan."


@dataclass(frozen=True)
class TemplateContext:
    """The pipeline templates."""

    templates: TemplateCalls


@operation(
    "admin template list",
    former=("template list",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_pipeline_templates",),
    examples=("admin templates",),
)
async def list_(_: NoArgs, ctx: TemplateContext) -> Reply[TemplateList]:
    """List pipeline templates and who may use them."""
    found = [template async for template in ctx.templates.templates()]
    ordered = sorted(found, key=lambda template: template.name.lower())
    listed = tuple(map(TemplateData.from_template, ordered))
    rows = tuple(map(_render_row, listed))
    count = "1 template" if len(rows) == 1 else f"{len(rows)} templates"
    columns = ("Template", "Description", "Available to", "Updated")
    table = Table(columns, rows, count, noun="template", empty=NO_TEMPLATES, hint=PLAN)
    return Reply(data=TemplateList(message=table.summary, templates=listed), table=table)


def _render_row(template: TemplateData) -> tuple[str, ...]:
    whom = "everyone" if template.is_for_everyone else "admins"
    changed = local_time(template.updated_at, "{date_short_pretty} {time}") if template.updated_at else ""
    return link(template.url, template.name), shorten(template.description or "", 200), whom, changed
