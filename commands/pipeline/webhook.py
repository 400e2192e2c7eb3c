"""The webhook by which a repository's host tells Buildkite of pushes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.execution.context import Context
from bot.operations.operation import Args, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import link, md


class AtPipeline(Args):
    """A pipeline."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", here=True),
        Field(min_length=1, description="Pipeline"),
    ]


async def _pin(args: AtPipeline, ctx: Context) -> AtPipeline:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation("pipeline webhook", needs=Permission.PIPELINES, pin=_pin, examples=("pipeline webhook web",))
async def webhook(args: AtPipeline, ctx: Context) -> Reply:
    """Let GitHub tell Buildkite of pushes to a pipeline's repository."""
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    await ctx.buildkite.create_github_webhook(pipeline.slug)
    text = md("created the GitHub webhook of {name}", name=link(pipeline.web_url, pipeline.name))
    return Reply(text=text, private=False)
