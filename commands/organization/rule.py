"""Command that lists the rules between pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.organization import Rule, RuleCalls
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import local_time

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
async def list_(_: NoArgs, ctx: RuleContext) -> Reply:
    """List the rules that let a pipeline trigger another or read its artifacts."""
    found = [rule async for rule in ctx.rules.rules()]
    slugs = {pipeline.id: pipeline.slug for pipeline in await ctx.catalog.list_pipelines()} if found else {}
    rows = tuple(sorted(_render_row(rule, slugs) for rule in found))
    count = "1 rule" if len(rows) == 1 else f"{len(rows)} rules"
    return Reply(
        table=Table(("Pipeline", "Rule", "Target pipeline", "Created"), rows, count, noun="rule", empty=NO_RULES)
    )


def _render_row(rule: Rule, slugs: Mapping[str, str]) -> tuple[str, ...]:
    """Return the rule's row. A pipeline that is archived or hidden from the token is shown by its id."""
    source, target = (slugs.get(item or "", item or "") for item in (rule.source_uuid, rule.target_uuid))
    made = local_time(rule.created_at, "{date_short_pretty}") if rule.created_at else ""
    return source, WORDS.get(rule.type, rule.type), target, made
