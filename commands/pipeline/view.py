"""Pipelines that are looked at: list, view."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from bot.access.policy.decide import decide
from bot.access.policy.rules import Allow, Target
from bot.buildkite.models import Build, Pipeline
from bot.errors import KitestringError
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.blockkit.tables import Table
from commands.pipeline.render import COLUMNS, facts, name_of, row, steps

State = Literal["active", "archived", "all"]
_HINT = "Without --name, --repo, --tag and --state all of them are listed."


class Listing(Args):
    """Which pipelines to list."""

    name: Annotated[
        str | None, Opt(short="n", positional=True, hint="a part of it"), Field(description="Name contains")
    ] = None
    repository: Annotated[
        str | None, Opt(short="r", also=("--repo",), hint="acme/web"), Field(description="Repository contains")
    ] = None
    tag: Annotated[tuple[str, ...], Opt(short="t", hint="backend"), Field(description="Tags, all of them")] = ()
    state: Annotated[State, Opt(short="s"), Field(description="Which")] = "active"


class View(Args):
    """Which pipeline to show."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", here=True),
        Field(min_length=1, description="Pipeline"),
    ]
    yaml: Annotated[bool, Opt(short="y"), Field(description="Its steps as they are written")] = False


async def _pin(args: View, ctx: Context) -> View:
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "pipeline list",
    needs=Permission.READ,
    effect=Effect.READ,
    sifts=True,
    examples=("pipeline list", "pipeline list web --tag backend", "pipeline list --repo acme/web --state all"),
)
async def list_(args: Listing, ctx: Context) -> Reply:
    """List pipelines by name, repository and tag."""
    found = [item for item in await _found(args, ctx) if _fits(item, args) and _seen(item.slug, ctx)]
    rows = tuple(row(item) for item in sorted(found, key=lambda item: item.name.lower()))
    count = "1 pipeline" if len(rows) == 1 else f"{len(rows)} pipelines"
    what = _searched(args)
    return Reply(table=Table(COLUMNS, rows, f"{count}{what}", empty=f"There are no pipelines{what}.", hint=_HINT))


async def _found(args: Listing, ctx: Context) -> list[Pipeline]:
    """From memory where all are meant; Buildkite looks for parts of names in any case."""
    if args.state == "active" and not (args.name or args.repository):
        return list(await ctx.catalog.pipelines())
    return [pipeline async for pipeline in ctx.buildkite.pipelines(args.name, repository=args.repository)]


def _fits(pipeline: Pipeline, args: Listing) -> bool:
    wanted = {"active": not pipeline.archived_at, "archived": bool(pipeline.archived_at), "all": True}
    return wanted[args.state] and {tag.lower() for tag in args.tag} <= {tag.lower() for tag in pipeline.tags or ()}


def _seen(slug: str, ctx: Context) -> bool:
    """Whether this person may see that pipeline here, judged by itself."""
    op = replace(ctx.registry["pipeline list"], sifts=False)
    return isinstance(decide(ctx.rules(), ctx.actor, op, Target(slug), ctx.clock.now()), Allow)


def _searched(args: Listing) -> str:
    """What was looked for, in words."""
    parts = [
        f"named like “{args.name}”" if args.name else "",
        f"of a repository like “{args.repository}”" if args.repository else "",
        f"with {' and '.join(f'“{tag}”' for tag in args.tag)}" if args.tag else "",
        {"active": "", "archived": "archived ones only", "all": "archived ones too"}[args.state],
    ]
    return "".join(f", {part}" for part in parts if part)


@operation(
    "pipeline view",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=_pin,
    examples=("pipeline view web", "pipeline view web --yaml"),
)
async def view(args: View, ctx: Context) -> Reply:
    """Show a pipeline: where it comes from, where it builds, its steps, its last build."""
    pipeline = await ctx.buildkite.pipeline(args.pipeline)
    last = await _last(pipeline, ctx)
    about = md("\n{said}", said=pipeline.description) if pipeline.description else Mrkdwn("")
    summary = Mrkdwn("") if args.yaml else steps(pipeline.configuration)
    text = md("Pipeline {name}{about}", name=name_of(pipeline), about=about)
    return Reply(
        text=text,
        fields=(*facts(pipeline, await _cluster(pipeline, ctx), last), *([("Steps", summary)] if summary else [])),
        log=pipeline.configuration if args.yaml else None,
        buttons=_buttons(pipeline, args, ctx),
        builds=(last,) if last else (),
    )


async def _last(pipeline: Pipeline, ctx: Context) -> Build | None:
    """The newest build of the default branch."""
    branch = (pipeline.default_branch,) if pipeline.default_branch else ()
    listing = ctx.buildkite.builds(pipeline.slug, branch=branch, limit=1)
    return next((build for build in [item async for item in listing]), None)


async def _cluster(pipeline: Pipeline, ctx: Context) -> str:
    """Its name, where clusters may be read."""
    if not pipeline.cluster_id:
        return ""
    with suppress(KitestringError):
        return (await ctx.catalog.find_cluster(pipeline.cluster_id)).name
    return pipeline.cluster_id


def _buttons(pipeline: Pipeline, args: View, ctx: Context) -> tuple[Button, ...]:
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
    drawn = [
        Button(label, call, form=label in forms, reads=f"{label}: {pipeline.name}")
        for label, call in wanted.items()
        if label not in hidden and ctx.allowed(ctx.registry[call.operation])
    ]
    return (*drawn, Button("Open", url=pipeline.web_url, reads=f"Open {pipeline.name} at Buildkite"))
