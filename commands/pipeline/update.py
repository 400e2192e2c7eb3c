"""Pipelines that are changed: update."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from bot.buildkite.endpoints.pipelines import PipelineChanges
from bot.buildkite.models import Pipeline
from bot.errors import UsageError
from bot.execution.context import Context
from bot.operations.operation import Args, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, md
from commands.pipeline.fields import Cluster, DefaultBranch, Description, OtherRepository, OtherTags, Steps
from commands.pipeline.lookups import check_steps
from commands.pipeline.render import name_of

_RISKY = {
    "configuration": "its steps are replaced as a whole",
    "repository": "it builds another repository",
    "cluster_id": "it builds in another cluster",
}
_PUBLIC = "*everybody on the internet sees it and its builds*"
_WORDS = {"configuration": "steps", "cluster_id": "cluster", "default_branch": "default branch"}


class Update(Args):
    """Which pipeline to change, and what of it."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", here=True),
        Field(min_length=1, description="Pipeline"),
    ]
    name: Annotated[
        str | None,
        Opt(short="n", hint="its address stays"),
        Field(min_length=1, max_length=100, description="New name"),
    ] = None
    repository: OtherRepository = None
    cluster: Cluster = None
    steps: Steps = None
    tags: OtherTags = None
    default_branch: DefaultBranch = None
    description: Description = None
    visibility: Annotated[
        Literal["private", "public"] | None, Opt(form=False), Field(description="Visibility")
    ] = None


class PipelineWebhookArgs(Args):
    """Arguments of `pipeline webhook`."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", here=True),
        Field(min_length=1, description="Pipeline"),
    ]


async def _take(args: Update, _ctx: Context) -> None:
    await check_steps(args.steps)


async def _pin(args: Update, ctx: Context) -> Update:
    await _take(args, ctx)
    if not args.model_dump(exclude={"pipeline"}, exclude_none=True):
        hint = f"See `{ctx.command} help pipeline update`."
        raise UsageError("There is nothing to change: say what should be different.", hint, "name")
    cluster = (await ctx.catalog.find_cluster(args.cluster)).id if args.cluster else None
    slug = (await ctx.catalog.find_pipeline(args.pipeline)).slug
    return args.model_copy(update={"pipeline": slug, "cluster": cluster})


def _changes(args: Update) -> PipelineChanges:
    """A new name keeps the slug: links, badges and rules go on working."""
    return PipelineChanges(
        name=args.name,
        slug=args.pipeline if args.name else None,
        repository=args.repository,
        cluster_id=args.cluster,
        configuration=args.steps,
        default_branch=args.default_branch,
        description=args.description,
        tags=args.tags,
        visibility=args.visibility,
    )


async def _ask(args: Update, _ctx: Context) -> Mrkdwn | None:
    """Only of what changes where code comes from, where it runs, and who sees it."""
    risks = [Mrkdwn(_RISKY[key]) for key in _changes(args).body() if key in _RISKY]
    risks += [Mrkdwn(_PUBLIC)] if args.visibility == "public" else []
    if not risks:
        return None
    return md("Change pipeline {name}? Mind: {risks}.", name=bold(args.pipeline), risks=join(risks, "; "))


async def _probe(args: Update, ctx: Context) -> Reply | None:
    """It happened if everything is as it was wanted."""
    ctx.catalog.forget_pipelines()
    pipeline = await ctx.buildkite.pipeline(args.pipeline)
    wanted = _changes(args).body()
    return (
        _changed(pipeline, wanted) if all(_same(pipeline, key, value) for key, value in wanted.items()) else None
    )


def _same(pipeline: Pipeline, key: str, value: Any) -> bool:
    now = getattr(pipeline, key)
    return list(now or ()) == value if isinstance(value, list) else (now or "") == value


@operation(
    "pipeline update",
    needs=Permission.PIPELINES,
    pin=_pin,
    probe=_probe,
    take=_take,
    confirm=_ask,
    form=True,
    preface="What is left empty stays as it is.",
    examples=(
        "pipeline update web --default-branch trunk",
        "pipeline update web --tag backend,ruby -d 'The shop'",
    ),
)
async def update(args: Update, ctx: Context) -> Reply:
    """Change a pipeline; what is not named stays as it is. Teams are changed at Buildkite."""
    changes = _changes(args)
    pipeline = await ctx.buildkite.update_pipeline(args.pipeline, changes)
    ctx.catalog.forget_pipelines()
    return _changed(pipeline, changes.body())


def _changed(pipeline: Pipeline, changes: dict[str, Any]) -> Reply:
    parts = [_part(key, value) for key, value in changes.items() if key != "slug"]
    text = md("changed pipeline {name}: {parts}", name=name_of(pipeline), parts=join(parts, ", "))
    return Reply(text=text, private=False)


def _part(key: str, value: Any) -> Mrkdwn:
    """`tags to `backend, ruby``; of steps only that they were changed, and of a description."""
    word = _WORDS.get(key, key)
    if key in ("configuration", "description", "cluster_id"):
        return md("{word}", word=word)
    shown = ", ".join(value) if isinstance(value, list) else str(value)
    return md("{word} to {value}", word=word, value=code(shorten(shown, 100)))


async def _pin_webhook(args: PipelineWebhookArgs, ctx: Context) -> PipelineWebhookArgs:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation("pipeline webhook", needs=Permission.PIPELINES, pin=_pin_webhook, examples=("pipeline webhook web",))
async def webhook(args: PipelineWebhookArgs, ctx: Context) -> Reply:
    """Create the GitHub webhook that reports pushes to a pipeline's repository."""
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    await ctx.buildkite.create_github_webhook(pipeline.slug)
    text = md("created the GitHub webhook of {name}", name=link(pipeline.web_url, pipeline.name))
    return Reply(text=text, private=False)
