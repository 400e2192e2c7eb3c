"""Builds that are looked for: list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bot.context import Context
from bot.core.address import place
from bot.core.blocks import shorten
from bot.core.markup import code, md, when
from bot.core.operation import Args, Effect, Opt, Permission, Reply, Table, operation
from bot.core.render_card import phase_words, reference
from bot.errors import Refused, UsageError
from bot.model import Build
from bot.which_build import check_org

State = Literal[
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
# Where a channel has chosen a pipeline, nothing means that one.
EVERY = "*"
_SPAN = r"^\d{1,4}[mhdw]$"


class List(Args):
    """Which builds to list."""

    pipeline: Annotated[
        str | None,
        Opt(short="p", positional=True, suggest="pipeline", hint="* for every pipeline", here=True),
        Field(description="Pipeline"),
    ] = None
    branch: Annotated[tuple[str, ...], Opt(short="b", hint="main,release/*"), Field(description="Branch")] = ()
    state: Annotated[tuple[State, ...], Opt(short="s", hint="failed,canceled"), Field(description="State")] = ()
    commit: Annotated[str | None, Opt(short="c"), Field(description="Full commit SHA")] = None
    creator: Annotated[str | None, Opt(hint="ada@example.com"), Field(description="E-mail or id")] = None
    meta_data: Annotated[dict[str, str], Opt(short="M"), Field(default_factory=dict, description="Meta-data")]
    message: Annotated[str | None, Opt(short="m"), Field(description="Words of the message")] = None
    since: Annotated[str | None, Opt(hint="24h"), Field(pattern=_SPAN, description="Created within")] = None
    until: Annotated[str | None, Opt(hint="30m"), Field(pattern=_SPAN, description="Created before")] = None
    limit: Annotated[int, Opt(), Field(ge=1, le=100, description="How many at most")] = 10
    org: Annotated[str | None, Opt(form=False), Field(description="Organization")] = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """`org/web` and URLs are taken apart."""
        word = given.get("pipeline") if isinstance(given, Mapping) else None
        if not isinstance(word, str):
            return given
        org, slash, slug = word.strip().partition("/")
        found = place(word.strip())
        org, slug = (found.org or "", found.pipeline or "") if found else (org, slug) if slash else ("", org)
        return {**given, "pipeline": slug, **({"org": org} if org else {})}


@operation(
    "build list",
    needs=Permission.READ,
    effect=Effect.READ,
    examples=(
        "build list",
        "build list web --state failed --since 24h",
        "build list web -b main,release/*",
        "build list *",
    ),
)
async def list_(args: List, ctx: Context) -> Reply:
    """List the newest builds of a pipeline, or of all."""
    check_org(args.org, ctx)
    named = args.pipeline if args.pipeline != EVERY else None
    slug = (await ctx.catalog.find_pipeline(named)).slug if named else None
    found = await _listed(args, slug, ctx)
    rows = tuple(_row(build) for build in found)
    caption = f"Builds of {slug or 'every pipeline'}, newest first"
    return Reply(table=Table(("State", "Build", "Branch", "Message", "Created"), rows, caption), builds=found)


async def _listed(args: List, slug: str | None, ctx: Context) -> tuple[Build, ...]:
    now = ctx.clock.now()
    listing = ctx.buildkite.builds(
        slug,
        state=args.state,
        branch=args.branch,
        commit=args.commit,
        creator=await _user(args.creator, ctx) if args.creator else None,
        created_from=now - span(args.since) if args.since else None,
        created_to=now - span(args.until) if args.until else None,
        meta_data=args.meta_data,
        limit=100 if args.message else args.limit,
    )
    words = (args.message or "").lower()
    found = [build async for build in listing if words in (build.message or "").lower()]
    return tuple(found[: args.limit])


async def _user(word: str, ctx: Context) -> str:
    """The UUID of a member by e-mail; ids stay."""
    if "@" not in word:
        return word
    try:
        user = await ctx.catalog.user_of(word)
    except Refused as error:
        raise UsageError(f"I cannot look up {word}: {error.message}", "Give the user's id.", "creator") from error
    if user is None:
        raise UsageError(f"Nobody at Buildkite has the address {word}.", "", "creator")
    return user


def span(text: str) -> timedelta:
    """`30m`, `24h`, `7d`, `2w`."""
    found = re.fullmatch(r"(\d+)([mhdw])", text)
    if not found:
        raise UsageError(f"`{text}` is no span of time.", "Write `30m`, `24h`, `7d` or `2w`.")
    return timedelta(**{SPANS[found[2]]: int(found[1])})


def _row(build: Build) -> tuple[str, ...]:
    emoji, words = phase_words(build.phase)
    message = (build.message or "").strip().split("\n")[0]
    created = when(build.created_at, "{date_short_pretty} {time}") if build.created_at else ""
    branch = code(shorten(build.branch, 60)) if build.branch else ""
    return md("{emoji} {words}", emoji=emoji, words=words), reference(build), branch, shorten(message, 80), created
