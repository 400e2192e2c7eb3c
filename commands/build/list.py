"""Command that lists builds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypedDict

from pydantic import Field, model_validator

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.models import Build
from bot.errors import Refused, UsageError
from bot.execution.context import Caller
from bot.execution.resolve.build import check_organization
from bot.operations.addresses import BranchPattern, parse_address
from bot.operations.build_wording import (
    describe_phase,
    extract_title,
    format_duration,
    link_build,
    measure_duration,
)
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.paging import ROWS
from bot.operations.reply import Reply
from bot.operations.repository_links import link_commit
from bot.operations.search_summary import (
    describe_period,
    describe_states,
    format_alternatives,
    join_phrase,
    make_empty_texts,
)
from bot.runtime.clock import Clock
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Page, Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, strip_markup
from commands.build.results import BuildData, BuildList

BuildState = Literal[
    "creating",
    "scheduled",
    "running",
    "failing",
    "passed",
    "failed",
    "blocked",
    "canceling",
    "canceled",
    "skipped",
    "not_run",
    "finished",
]
SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Names every pipeline, because in a channel with a default pipeline no name means that one.
EVERY_PIPELINE = "*"
_SPAN = r"^\d{1,4}[mhdw]$"


class BuildListArgs(Args):
    """Arguments of `build list`."""

    pipeline: Annotated[
        str | None,
        Opt(
            short="p",
            positional=True,
            suggest="pipeline",
            hint="* for every pipeline",
            channel_default=True,
            target="pipeline",
        ),
        Field(description="Pipeline"),
    ] = None
    branch: Annotated[
        tuple[BranchPattern, ...],
        Opt(short="b", hint="main,release/*", target="branch"),
        Field(description="Branch"),
    ] = ()
    state: Annotated[
        tuple[BuildState, ...], Opt(short="s", hint="failed,canceled"), Field(description="State")
    ] = ()
    commit: Annotated[str | None, Opt(short="c", target="commit"), Field(description="Full commit SHA")] = None
    creator: Annotated[
        str | None, Opt(value="person", hint="ada@example.com"), Field(description="Creator's e-mail or id")
    ] = None
    meta_data: Annotated[
        dict[str, str], Opt(short="M", secret=False), Field(default_factory=dict, description="Meta-data")
    ]
    message: Annotated[str | None, Opt(short="m"), Field(description="Message contains")] = None
    since: Annotated[
        str | None, Opt(value="duration", hint="24h"), Field(pattern=_SPAN, description="Created in the last")
    ] = None
    until: Annotated[
        str | None,
        Opt(value="duration", hint="30m"),
        Field(pattern=_SPAN, description="Created at least this long ago"),
    ] = None
    limit: Annotated[int | None, Opt(), Field(ge=1, le=100, description="Maximum number of builds")] = None
    share: Annotated[bool, Opt(), Field(description="Show the list to everyone here")] = False
    org: Annotated[str | None, Opt(value="name", in_form=False), Field(description="Organization")] = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        """Split `org/web` and URLs into their parts."""
        if not isinstance(given, Mapping) or not isinstance(word := given.get("pipeline"), str):
            return given
        org, slash, slug = word.strip().partition("/")
        found = parse_address(word.strip())
        org, slug = (found.org or "", found.pipeline or "") if found else (org, slug) if slash else ("", org)
        return {**given, "pipeline": slug, **({"org": org} if org else {})}


@dataclass(frozen=True)
class BuildListContext:
    """The builds, and the pipelines and people to filter by."""

    caller: Caller
    builds: BuildCalls
    catalog: Catalog
    clock: Clock


async def _pin(args: BuildListArgs, ctx: BuildListContext) -> BuildListArgs:
    """Replace the pipeline's name with its slug: rules name slugs, and anyone may rename a pipeline."""
    check_organization(args.org, ctx.catalog)
    if not args.pipeline or args.pipeline == EVERY_PIPELINE:
        return args
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "build list",
    also=("build ls", "recent"),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_builds",),
    pin=_pin,
    examples=(
        "build list",
        "build list web --state failed --since 24h",
        "build list web -b main,release/*",
        "build list *",
    ),
)
async def list_(args: BuildListArgs, ctx: BuildListContext) -> Reply[BuildList]:
    """List the newest builds of one pipeline or of all."""
    slug = args.pipeline if args.pipeline != EVERY_PIPELINE else None
    found, page = await _find_builds(args, slug, ctx)
    what = _describe_search(args, slug)
    empty, hint = make_empty_texts(what, try_=_suggest_next(args, slug, ctx))
    table = Table(
        ("State", "Build", "Branch", "Message", "Author", "Commit", "Took", "Created"),
        tuple(map(_render_row, found)),
        f"B{strip_markup(what)[1:]}, newest first",
        empty=empty,
        hint=hint,
        page=page,
        newest_first=True,
        named_by=1,
    )
    data = BuildList(
        message=table.summary,
        builds=tuple(map(BuildData.from_build, found)),
        next_page=page.number + 1 if page and page.more else None,
    )
    return Reply(data=data, table=table, builds=found, private=not args.share)


def _describe_search(args: BuildListArgs, slug: str | None) -> Mrkdwn:
    """Return the search in words: `builds of web on main that failed within 24h`."""
    meta = ", ".join(f"{key}={value}" for key, value in args.meta_data.items())
    return join_phrase(
        md("builds of {slug}", slug=slug) if slug else "builds",
        md("on {branches}", branches=format_alternatives(args.branch)) if args.branch else "",
        md("of commit {commit}", commit=code(args.commit[:12])) if args.commit else "",
        md("by {creator}", creator=shorten(args.creator, 80)) if args.creator else "",
        md("with meta-data {meta}", meta=code(shorten(meta, 80))) if meta else "",
        md("about “{message}”", message=shorten(args.message, 80)) if args.message else "",
        describe_states(args.state),
        describe_period(args.since, args.until),
    )


def _suggest_next(args: BuildListArgs, slug: str | None, ctx: BuildListContext) -> Mrkdwn:
    """Suggest the list without filters or, if there were none, starting a build."""
    kept = {"pipeline", "limit", "share", "org"}
    narrowed = bool(args.model_fields_set - kept)
    words = "build list" if narrowed else "build create"
    typed = code(f"{ctx.caller.command} {words} {slug or (EVERY_PIPELINE if narrowed else '')}".strip())
    return md("List all with {typed}.", typed=typed) if narrowed else md("Start one with {typed}.", typed=typed)


class BuildQuery(TypedDict):
    """The filters that Buildkite applies."""

    state: Sequence[str]
    branch: Sequence[str]
    commit: str | None
    creator: str | None
    created_from: datetime | None
    created_to: datetime | None
    meta_data: Mapping[str, str]


async def _find_builds(
    args: BuildListArgs, slug: str | None, ctx: BuildListContext
) -> tuple[tuple[Build, ...], Page | None]:
    """Return one of Buildkite's pages; with a limit or a message, which Buildkite can't search for, all builds."""
    query = await _make_query(args, ctx)
    if args.limit is None and not args.message:
        return await _read_page(slug, query, ctx)
    words = (args.message or "").lower()
    listing = ctx.builds.builds(slug, **query, limit=100 if args.message else args.limit)
    found = [build async for build in listing if words in (build.message or "").lower()]
    return tuple(found[: args.limit]), None


async def _read_page(
    slug: str | None, query: BuildQuery, ctx: BuildListContext
) -> tuple[tuple[Build, ...], Page | None]:
    """Return the requested page, or the first one if the requested one no longer exists."""
    found = await ctx.builds.builds_page(slug, **query, page=ctx.caller.page, size=ROWS)
    if ctx.caller.page > 1 and not found.items:
        found = await ctx.builds.builds_page(slug, **query, page=1, size=ROWS)
    return found.items, Page(found.number, found.more, found.last)


async def _make_query(args: BuildListArgs, ctx: BuildListContext) -> BuildQuery:
    now = ctx.clock.now()
    return {
        "state": args.state,
        "branch": args.branch,
        "commit": args.commit,
        "creator": await _find_creator(args.creator, ctx) if args.creator else None,
        "created_from": now - parse_span(args.since) if args.since else None,
        "created_to": now - parse_span(args.until) if args.until else None,
        "meta_data": args.meta_data,
    }


async def _find_creator(word: str, ctx: BuildListContext) -> str:
    """Return a member's UUID by e-mail address; return an id unchanged."""
    if "@" not in word:
        return word
    try:
        user = await ctx.catalog.find_user_id(word)
    except Refused as error:
        raise UsageError(f"I can't look up {word}: {error.message}", "Use the user's id.", "creator") from error
    if user is None:
        raise UsageError(f"No one in Buildkite has the address {word}.", "", "creator")
    return user


def parse_span(text: str) -> timedelta:
    """Parse `30m`, `24h`, `7d` or `2w`. Raise UsageError for anything else."""
    found = re.fullmatch(r"(\d+)([mhdw])", text)
    if not found:
        raise UsageError(f"`{text}` isn't a duration.", "Use `30m`, `24h`, `7d` or `2w`.")
    return timedelta(**{SPANS[found[2]]: int(found[1])})


def _render_row(build: Build) -> tuple[str, ...]:
    emoji, words = describe_phase(build.phase)
    person, took = build.author or build.creator, measure_duration(build) if build.ended else None
    return (
        md("{emoji} {words}", emoji=emoji, words=words),
        link_build(build),
        code(shorten(build.branch, 60)) if build.branch else "",
        extract_title(build.message, 80),
        shorten((person.name or person.email or "") if person else "", 60),
        link_commit(build),
        format_duration(took) if took is not None else "",
        local_time(build.created_at, "{date_short_pretty} {time}") if build.created_at else "",
    )
