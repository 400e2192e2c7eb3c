"""Command that lists the rules between pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.organization import RuleCalls
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import local_time
from commands.organization.results import RuleData, RuleList

NO_RULES = "There are no rules, so pipelines in different clusters can't trigger each other or share artifacts."
# https://buildkite.com/docs/apis/rest-api/rules
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "pipeline.trigger_build.pipeline": "may trigger builds of",
        "pipeline.artifacts_read.pipeline": "may read artifacts of",
    }
)


@dataclass(frozen=True)
class RuleContext:
    """The rules, and the pipelines that they name by id."""

    rules: RuleCalls
    catalog: Catalog


@operation(
    "admin rule list",
    former=("rule list",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_rules",),
    examples=("admin rules",),
)
async def list_(_: NoArgs, ctx: RuleContext) -> Reply[RuleList]:
    """List the rules that let a pipeline trigger another or read its artifacts."""
    found = [rule async for rule in ctx.rules.rules()]
    slugs = {pipeline.id: pipeline.slug for pipeline in await ctx.catalog.list_pipelines()} if found else {}
    listed = sorted((RuleData.from_rule(rule, slugs) for rule in found), key=_render_row)
    rows = tuple(map(_render_row, listed))
    count = "1 rule" if len(rows) == 1 else f"{len(rows)} rules"
    columns = ("Pipeline", "Rule", "Target pipeline", "Created")
    table = Table(columns, rows, count, noun="rule", empty=NO_RULES)
    return Reply(data=RuleList(message=table.summary, rules=tuple(listed)), table=table)


def _render_row(rule: RuleData) -> tuple[str, ...]:
    made = local_time(rule.created_at, "{date_short_pretty}") if rule.created_at else ""
    return rule.source, WORDS.get(rule.type, rule.type), rule.target, made
