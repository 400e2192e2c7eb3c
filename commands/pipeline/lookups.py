"""Lookups and checks for a new pipeline: cluster, teams, template, steps and slug."""

from __future__ import annotations

import asyncio
from typing import cast

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.pipelines import Access, PipelineCalls
from bot.errors import NotFound, UsageError
from commands.pipeline.fields import UPLOAD_STEPS, parse_team_access


async def check_steps(text: str | None) -> None:
    """Raise UsageError, naming the lines, for steps that Buildkite would reject."""
    if text is None:
        return
    from commands.pipeline.steps import (
        find_problems,
        format_problems,  # brings YAML with it, which a start does without
    )

    found = await asyncio.to_thread(find_problems, text)
    if found:
        raise UsageError(
            f"The steps aren't valid:\n{format_problems(found)}", "Nothing was created or changed.", "steps"
        )


async def find_cluster_id(word: str | None, catalog: Catalog) -> str:
    """Return the id of the named cluster, or of the only one. Raise NotFound or UsageError."""
    if word:
        return (await catalog.find_cluster(word)).id
    only = await catalog.find_only_cluster("Which cluster should it build in?")
    if only is None:
        raise UsageError("There's no cluster to build in.", "Create one in Buildkite first.", "cluster")
    return only.id


async def find_team_access(words: tuple[str, ...], catalog: Catalog) -> dict[str, Access]:
    """Return each team's access level by its UUID. Raise NotFound, Refused or UsageError."""
    return {(await catalog.find_team(team)).id: cast(Access, may) for team, may in parse_team_access(words)}


async def find_configuration(steps: str | None, template: str | None, catalog: Catalog) -> str:
    """Return the given steps, the template's, or a step that uploads the repository's own."""
    if steps:
        return steps
    found = await catalog.find_template(template) if template else None
    return (found.configuration if found else None) or UPLOAD_STEPS


async def check_slug_free(slug: str, pipelines: PipelineCalls) -> None:
    """Raise UsageError if a pipeline, even an archived one, already has that slug."""
    try:
        there = await pipelines.pipeline(slug)
    except NotFound:
        return
    hint = "It's archived: unarchive it, or choose another name." if there.archived_at else "Choose another name."
    raise UsageError(f"There's already a pipeline `{there.slug}`.", hint, "name")
