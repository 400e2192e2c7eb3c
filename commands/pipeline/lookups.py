"""What a new pipeline is made of, looked up at Buildkite and checked: cluster, teams, template, steps."""

from __future__ import annotations

import asyncio
from typing import cast

from bot.buildkite.endpoints.pipelines import Access
from bot.errors import Ambiguous, NotFound, UsageError
from bot.execution.context import Context
from commands.pipeline.fields import UPLOAD, access


async def check_steps(text: str | None) -> None:
    """Raises UsageError, with lines, for steps that Buildkite would not take."""
    if text is None:
        return
    from commands.pipeline.steps import (
        problems,
        told,  # brings YAML with it, which a start does without
    )

    found = await asyncio.to_thread(problems, text)
    if found:
        raise UsageError(f"Those steps are not right:\n{told(found)}", "Nothing was created or changed.", "steps")


async def cluster_id(word: str | None, ctx: Context) -> str:
    """The cluster that is meant: the only one where none is named. Raises Ambiguous, NotFound or UsageError."""
    if word:
        return (await ctx.catalog.find_cluster(word)).id
    known = await ctx.catalog.clusters()
    if len(known) == 1:
        return known[0].id
    if not known:
        raise UsageError("There is no cluster to build in.", "Somebody has to make one at Buildkite.", "cluster")
    options = tuple((item.name, item.id) for item in known)
    raise Ambiguous("In which cluster should it build?", "cluster", options)


async def team_access(words: tuple[str, ...], ctx: Context) -> dict[str, Access]:
    """What each team may do, by its UUID. Raises NotFound, Refused or UsageError."""
    return {(await ctx.catalog.find_team(team)).id: cast(Access, may) for team, may in access(words)}


async def configuration(steps: str | None, template: str | None, ctx: Context) -> str:
    """The steps that were given, those of the template, or those that read the repository's own."""
    if steps:
        return steps
    found = await ctx.catalog.find_template(template) if template else None
    return (found.configuration if found else None) or UPLOAD


async def check_free(slug: str, ctx: Context) -> None:
    """Raises UsageError where a pipeline has that slug already, even an archived one."""
    try:
        there = await ctx.buildkite.pipeline(slug)
    except NotFound:
        return
    hint = "It is archived: unarchive it, or choose another name." if there.archived_at else "Choose another name."
    raise UsageError(f"There is a pipeline `{there.slug}` already.", hint, "name")
