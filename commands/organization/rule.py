"""Rules between pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.buildkite.endpoints.organization import Rule
from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import when
from bot.slack.blockkit.tables import Table

NONE = "There are no rules: pipelines of different clusters keep apart."
# https://buildkite.com/docs/apis/rest-api/rules
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "pipeline.trigger_build.pipeline": "may trigger builds of",
        "pipeline.artifacts_read.pipeline": "may read artifacts of",
    }
)


@operation("rule list", needs=Permission.READ, effect=Effect.READ, examples=("rule list",))
async def list_(_: NoArgs, ctx: Context) -> Reply:
    """List the rules: which pipeline may trigger which, or read its artifacts."""
    found = [rule async for rule in ctx.buildkite.rules()]
    slugs = {pipeline.id: pipeline.slug for pipeline in await ctx.catalog.pipelines()} if found else {}
    rows = tuple(sorted(_row(rule, slugs) for rule in found))
    count = "1 rule" if len(rows) == 1 else f"{len(rows)} rules"
    return Reply(table=Table(("Pipeline", "Rule", "Of pipeline", "Made"), rows, count, noun="rule", empty=NONE))


def _row(rule: Rule, slugs: Mapping[str, str]) -> tuple[str, ...]:
    """A pipeline that is archived, or that the token does not see, is shown by its id."""
    source, target = (slugs.get(item or "", item or "") for item in (rule.source_uuid, rule.target_uuid))
    made = when(rule.created_at, "{date_short_pretty}") if rule.created_at else ""
    return source, WORDS.get(rule.type, rule.type), target, made
