"""Commands that change a pipeline and create its webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.pipelines import PipelineCalls, PipelineChanges
from bot.buildkite.resources import Pipeline
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, md
from commands.pipeline.fields import (
    ClusterField,
    DefaultBranchField,
    DescriptionField,
    OtherRepositoryField,
    OtherTagsField,
    StepsField,
)
from commands.pipeline.lookups import check_steps
from commands.pipeline.render import link_pipeline
from commands.pipeline.results import PipelineResult

_RISKY = {
    "configuration": "all its steps are replaced",
    "repository": "it will build another repository",
    "cluster_id": "it will build in another cluster",
}
_PUBLIC = "*everyone on the internet can see it and its builds*"
_WORDS = {"configuration": "steps", "cluster_id": "cluster", "default_branch": "default branch"}


class PipelineUpdateArgs(Args):
    """Arguments of `pipeline update`."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", channel_default=True, target="pipeline"),
        Field(min_length=1, description="Pipeline"),
    ]
    name: Annotated[
        str | None,
        Opt(value="text", former=("-n",), hint="its URL stays the same"),
        Field(min_length=1, max_length=100, description="New name"),
    ] = None
    repository: OtherRepositoryField = None
    cluster: ClusterField = None
    steps: StepsField = None
    tags: OtherTagsField = None
    default_branch: DefaultBranchField = None
    description: DescriptionField = None
    visibility: Annotated[
        Literal["private", "public"] | None, Opt(in_form=False), Field(description="Visibility")
    ] = None


class PipelineWebhookArgs(Args):
    """Arguments of `pipeline webhook`."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", channel_default=True, target="pipeline"),
        Field(min_length=1, description="Pipeline"),
    ]


@dataclass(frozen=True)
class PipelineUpdateContext:
    """The pipelines and clusters to choose from."""

    caller: Caller
    pipelines: PipelineCalls
    catalog: Catalog


async def _check_steps(args: PipelineUpdateArgs, _ctx: PipelineUpdateContext) -> None:
    await check_steps(args.steps)


async def _pin(args: PipelineUpdateArgs, ctx: PipelineUpdateContext) -> PipelineUpdateArgs:
    await _check_steps(args, ctx)
    if not args.model_dump(exclude={"pipeline"}, exclude_none=True):
        hint = f"See `{ctx.caller.command} help pipeline update`."
        raise UsageError("There's nothing to change. Give at least one new value.", hint, "name")
    cluster = (await ctx.catalog.find_cluster(args.cluster)).id if args.cluster else None
    slug = (await ctx.catalog.find_pipeline(args.pipeline)).slug
    return args.model_copy(update={"pipeline": slug, "cluster": cluster})


def _collect_changes(args: PipelineUpdateArgs) -> PipelineChanges:
    """Return the changes. A new name keeps the slug, so that links, badges and rules keep working."""
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


async def _ask(args: PipelineUpdateArgs, _ctx: PipelineUpdateContext) -> Mrkdwn | None:
    """Ask only if the change affects where code comes from, where it runs or who sees it."""
    risks = [Mrkdwn(_RISKY[key]) for key in _collect_changes(args).to_json() if key in _RISKY]
    risks += [Mrkdwn(_PUBLIC)] if args.visibility == "public" else []
    if not risks:
        return None
    return md("Update pipeline {name}? Note: {risks}.", name=bold(args.pipeline), risks=join(risks, "; "))


async def _probe(args: PipelineUpdateArgs, ctx: PipelineUpdateContext) -> Reply[PipelineResult] | None:
    """Return the reply if the pipeline has all the requested values."""
    ctx.catalog.forget_pipelines()
    pipeline = await ctx.pipelines.pipeline(args.pipeline)
    wanted = _collect_changes(args).to_json()
    return (
        _reply_changed(pipeline, wanted)
        if all(_is_applied(pipeline, key, value) for key, value in wanted.items())
        else None
    )


def _is_applied(pipeline: Pipeline, key: str, value: object) -> bool:
    now = getattr(pipeline, key)
    return list(now or ()) == value if isinstance(value, list) else (now or "") == value


@operation(
    "pipeline update",
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin,
    probe=_probe,
    check_form=_check_steps,
    confirm=_ask,
    opens_form=True,
    form_intro="Fields you leave empty don't change.",
    examples=(
        "pipeline update web --default-branch trunk",
        "pipeline update web --tag backend,ruby -d 'The shop'",
    ),
)
async def update(args: PipelineUpdateArgs, ctx: PipelineUpdateContext) -> Reply[PipelineResult]:
    """Change a pipeline's settings. Teams are changed in Buildkite."""
    changes = _collect_changes(args)
    pipeline = await ctx.pipelines.update_pipeline(args.pipeline, changes)
    ctx.catalog.forget_pipelines()
    return _reply_changed(pipeline, changes.to_json())


def _reply_changed(pipeline: Pipeline, changes: Mapping[str, object]) -> Reply[PipelineResult]:
    parts = [_describe_change(key, value) for key, value in changes.items() if key != "slug"]
    text = md("changed pipeline {name}: {parts}", name=link_pipeline(pipeline), parts=join(parts, ", "))
    return Reply(data=PipelineResult.from_pipeline(pipeline, text), text=text, private=False)


def _describe_change(key: str, value: object) -> Mrkdwn:
    """Return `tags to `backend, ruby``. For steps, a description or a cluster, return only its name."""
    word = _WORDS.get(key, key)
    if key in ("configuration", "description", "cluster_id"):
        return md("{word}", word=word)
    shown = ", ".join(value) if isinstance(value, list) else str(value)
    return md("{word} to {value}", word=word, value=code(shorten(shown, 100)))


async def _pin_webhook(args: PipelineWebhookArgs, ctx: PipelineUpdateContext) -> PipelineWebhookArgs:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "pipeline webhook",
    needs=Permission.PIPELINES,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_pipelines",),
    pin=_pin_webhook,
    examples=("pipeline webhook web",),
)
async def webhook(args: PipelineWebhookArgs, ctx: PipelineUpdateContext) -> Reply[PipelineResult]:
    """Create the GitHub webhook that reports pushes to a pipeline's repository."""
    pipeline = await ctx.catalog.find_pipeline(args.pipeline)
    await ctx.pipelines.create_github_webhook(pipeline.slug)
    text = md("created the GitHub webhook of {name}", name=link(pipeline.web_url, pipeline.name))
    return Reply(data=PipelineResult.from_pipeline(pipeline, text), text=text, private=False)
