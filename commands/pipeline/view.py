"""Commands that list pipelines and show one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.models import Build
from bot.buildkite.resources import Pipeline
from bot.errors import KitestringError
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from commands.build.results import BuildData
from commands.pipeline.render import COLUMNS, collect_facts, link_pipeline, render_row, render_steps
from commands.pipeline.results import PipelineData, PipelineList, PipelineReport

PipelineFilter = Literal["active", "archived", "all"]
_HINT = "To list all pipelines, leave out --name, --repo, --tag and --state."


class PipelineListArgs(Args):
    """Arguments of `pipeline list`."""

    name: Annotated[
        str | None, Opt(former=("-n",), positional=True, hint="web"), Field(description="Name contains")
    ] = None
    repository: Annotated[
        str | None, Opt(short="r", aliases=("--repo",), hint="acme/web"), Field(description="Repository contains")
    ] = None
    tag: Annotated[tuple[str, ...], Opt(short="t", hint="backend"), Field(description="Has all these tags")] = ()
    state: Annotated[PipelineFilter, Opt(short="s"), Field(description="State")] = "active"


class PipelineViewArgs(Args):
    """Arguments of `pipeline view`."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", channel_default=True, target="pipeline"),
        Field(min_length=1, description="Pipeline"),
    ]
    yaml: Annotated[bool, Opt(former=("-y",)), Field(description="Show its steps as YAML")] = False


@dataclass(frozen=True)
class PipelineViewContext:
    """The pipelines that the person may see, and their latest builds."""

    caller: Caller
    pipelines: PipelineCalls
    builds: BuildCalls
    catalog: Catalog
    policy: PolicyService


async def _pin(args: PipelineViewArgs, ctx: PipelineViewContext) -> PipelineViewArgs:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "pipeline list",
    also=("pipeline ls",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_pipelines",),
    filters_pipelines=True,
    examples=("pipeline list", "pipeline list web --tag backend", "pipeline list --repo acme/web --state all"),
)
async def list_(args: PipelineListArgs, ctx: PipelineViewContext) -> Reply[PipelineList]:
    """List pipelines by name, repository and tag."""
    candidates = await _find_pipelines(args, ctx)
    found = [pipeline for pipeline in candidates if _matches(pipeline, args) and _is_visible(pipeline.slug, ctx)]
    ordered = sorted(found, key=lambda pipeline: pipeline.name.lower())
    listed = tuple(map(PipelineData.from_pipeline, ordered))
    rows = tuple(map(render_row, listed))
    count = "1 pipeline" if len(rows) == 1 else f"{len(rows)} pipelines"
    what = _describe_search(args)
    table = Table(COLUMNS, rows, f"{count}{what}", empty=f"There are no pipelines{what}.", hint=_HINT)
    return Reply(data=PipelineList(message=table.summary, pipelines=listed), table=table)


async def _find_pipelines(args: PipelineListArgs, ctx: PipelineViewContext) -> list[Pipeline]:
    """Return candidates, from the cache if all pipelines are wanted. Buildkite ignores case in names."""
    if args.state == "active" and not (args.name or args.repository):
        return list(await ctx.catalog.list_pipelines())
    return [pipeline async for pipeline in ctx.pipelines.pipelines(args.name, repository=args.repository)]


def _matches(pipeline: Pipeline, args: PipelineListArgs) -> bool:
    wanted = {"active": not pipeline.archived_at, "archived": bool(pipeline.archived_at), "all": True}
    return wanted[args.state] and {tag.lower() for tag in args.tag} <= {tag.lower() for tag in pipeline.tags or ()}


def _is_visible(slug: str, ctx: PipelineViewContext) -> bool:
    """Return whether the policy lets this person see that pipeline here."""
    return ctx.policy.find_refusal(ctx.caller.actor, "pipeline list", slug) is None


def _describe_search(args: PipelineListArgs) -> str:
    """Return the filters in words."""
    parts = [
        f"with “{args.name}” in the name" if args.name else "",
        f"with “{args.repository}” in the repository" if args.repository else "",
        f"tagged {' and '.join(f'“{tag}”' for tag in args.tag)}" if args.tag else "",
        {"active": "", "archived": "only archived ones", "all": "including archived ones"}[args.state],
    ]
    return "".join(f", {part}" for part in parts if part)


@operation(
    "pipeline view",
    also=("pipeline show",),
    implied_by="noun",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_pipelines",),
    pin=_pin,
    examples=("pipeline view web", "pipeline view web --yaml"),
)
async def view(args: PipelineViewArgs, ctx: PipelineViewContext) -> Reply[PipelineReport]:
    """Show a pipeline's repository, cluster, steps and latest build."""
    pipeline = await ctx.pipelines.pipeline(args.pipeline)
    last = await _find_last_build(pipeline, ctx)
    about = md("\n{text}", text=pipeline.description) if pipeline.description else Mrkdwn("")
    summary = Mrkdwn("") if args.yaml else render_steps(pipeline.configuration)
    text, cluster = (
        md("Pipeline {name}{about}", name=link_pipeline(pipeline), about=about),
        await _name_cluster(pipeline, ctx),
    )
    return Reply(
        data=PipelineReport(
            message=text,
            pipeline=PipelineData.from_pipeline(pipeline),
            cluster=cluster or None,
            latest_build=BuildData.from_build(last) if last else None,
            configuration=pipeline.configuration if args.yaml else None,
        ),
        text=text,
        fields=(
            *collect_facts(pipeline, cluster, last),
            *([("Steps", summary)] if summary else []),
        ),
        log=pipeline.configuration if args.yaml else None,
        buttons=_make_buttons(pipeline, args, ctx),
        builds=(last,) if last else (),
    )


async def _find_last_build(pipeline: Pipeline, ctx: PipelineViewContext) -> Build | None:
    """Return the newest build of the default branch."""
    branch = (pipeline.default_branch,) if pipeline.default_branch else ()
    listing = ctx.builds.builds(pipeline.slug, branch=branch, limit=1)
    return next((build for build in [build async for build in listing]), None)


async def _name_cluster(pipeline: Pipeline, ctx: PipelineViewContext) -> str:
    """Return the cluster's name, or its id if the token may not read clusters."""
    if not pipeline.cluster_id:
        return ""
    with suppress(KitestringError):
        return (await ctx.catalog.find_cluster(pipeline.cluster_id)).name
    return pipeline.cluster_id


def _make_buttons(pipeline: Pipeline, args: PipelineViewArgs, ctx: PipelineViewContext) -> tuple[Button, ...]:
    given = {"pipeline": pipeline.slug}
    wanted = {
        "Start a build": Call("build create", given),
        "Subscribe this channel": Call("subscribe", given),
        "Show YAML": Call("pipeline view", {**given, "yaml": True}),
        "Change": Call("pipeline update", given),
        "Unarchive": Call("pipeline unarchive", given),
    }
    hidden = {"Start a build", "Subscribe this channel", "Change"} if pipeline.archived_at else {"Unarchive"}
    hidden |= {"Show YAML"} if args.yaml or not pipeline.configuration else set()
    forms = {"Start a build", "Change"}
    buttons = [
        Button(label, call, form=label in forms, spoken_label=f"{label}: {pipeline.name}")
        for label, call in wanted.items()
        if label not in hidden and ctx.policy.is_allowed(ctx.caller.actor, call.operation)
    ]
    return (*buttons, Button("Open", url=pipeline.web_url, spoken_label=f"Open {pipeline.name} in Buildkite"))
