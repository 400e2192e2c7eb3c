"""Command that lists pipeline templates."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import PipelineTemplate, TemplateCalls
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import link, local_time

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
async def list_(_: NoArgs, ctx: TemplateContext) -> Reply:
    """List pipeline templates and who may use them."""
    found = [template async for template in ctx.templates.templates()]
    rows = tuple(_render_row(template) for template in sorted(found, key=lambda template: template.name.lower()))
    count = "1 template" if len(rows) == 1 else f"{len(rows)} templates"
    columns = ("Template", "Description", "Available to", "Updated")
    return Reply(table=Table(columns, rows, count, noun="template", empty=NO_TEMPLATES, hint=PLAN))


def _render_row(template: PipelineTemplate) -> tuple[str, ...]:
    whom = "everyone" if template.available else "admins"
    changed = local_time(template.updated_at, "{date_short_pretty} {time}") if template.updated_at else ""
    return link(template.web_url, template.name), shorten(template.description or "", 200), whom, changed
