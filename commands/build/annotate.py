"""Annotations of a build: read, write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from bot.buildkite.endpoints.annotations import Annotation, Style
from bot.buildkite.models import Build, BuildRef
from bot.builds.failures.annotation_text import words
from bot.errors import Unavailable, UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import pin_build
from bot.operations.addresses import AtBuild
from bot.operations.build_wording import reference
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.redaction import masked
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.build.annotation_view import SHOWN, Said, annotation_lines

# More than this of one build is not looked through.
MOST = 200
# A request whose answer was lost is looked for no longer than that after it was sent.
RECENT = timedelta(minutes=15)
_ORDER = ("error", "warning", "info", "success")
_WORDS = re.compile(r"\w+")


class Annotations(AtBuild):
    """Whose annotations to show."""

    context: Annotated[str | None, Opt(hint="coverage"), Field(max_length=100, description="Only this one")] = None
    style: Annotated[Style | None, Opt(short="s"), Field(description="Only of this style")] = None


class Annotate(AtBuild):
    """What to write onto which build."""

    body: Annotated[
        str,
        Opt(positional=True, multiline=True, short="m", hint="Markdown"),
        Field(min_length=1, max_length=20_000, description="Text"),
    ]
    style: Annotated[Style, Opt(short="s"), Field(description="Style")] = "info"
    context: Annotated[
        str | None,
        Opt(hint="one of its own"),
        Field(min_length=1, max_length=100, description="Replace the annotation of this context"),
    ] = None
    append: Annotated[bool, Opt(), Field(description="Add to that annotation in place of replacing it")] = False

    @model_validator(mode="after")
    def _onto_what(self) -> Annotate:
        if self.append and self.context is None:
            raise UsageError("Add to which annotation?", "Name its context: `--context coverage`.", "context")
        return self


@operation(
    "build annotations",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=pin_build,
    examples=("build annotations web 101", "build annotations web 101 --context coverage", "build annotations"),
)
async def read(args: Annotations, ctx: Context) -> Reply:
    """Show what a build says of itself in annotations."""
    ref = _ref(args, ctx)
    build = await ctx.buildkite.build(ref.pipeline, ref.number)
    every = [annotation async for annotation in ctx.buildkite.annotations(ref.pipeline, ref.number, limit=MOST)]
    found = sorted((item for item in every if _wanted(item, args)), key=_rank)
    if not found:
        return Reply(text=_none(args, build), builds=(build,))
    head = md("Annotations of {ref}", ref=reference(build))
    text = md("{head}\n{said}", head=head, said=annotation_lines(_said(found, build)))
    return Reply(text=text, footer=_more(found), buttons=_buttons(found, ref), builds=(build,))


def _wanted(annotation: Annotation, args: Annotations) -> bool:
    return args.context in {None, annotation.context} and args.style in {None, annotation.style}


def _rank(annotation: Annotation) -> tuple[int, int]:
    style = annotation.style or "info"
    return -annotation.priority, _ORDER.index(style) if style in _ORDER else len(_ORDER)


def _said(found: Sequence[Annotation], build: Build) -> list[Said]:
    titles = {job.id: job.title for job in build.jobs}
    return [
        Said(item.context or "", item.style or "info", titles.get(item.job_id or "", ""), item.body_html)
        for item in found
    ]


def _none(args: Annotations, build: Build) -> Mrkdwn:
    said = {"context": args.context, "style": args.style}
    asked = [md(" with {name} {value}", name=name, value=code(value)) for name, value in said.items() if value]
    return md("{ref} has no annotations{asked}.", ref=reference(build), asked=Mrkdwn(",".join(asked)))


def _more(found: Sequence[Annotation]) -> str:
    left = len(found) - SHOWN
    return f"and {left} more; secrets are masked." if left > 0 else "Secrets are masked."


def _buttons(found: Sequence[Annotation], ref: BuildRef) -> tuple[Button, ...]:
    """The whole of each that is shown in part."""
    place = {"pipeline": ref.pipeline, "number": str(ref.number)}
    if len(found) == 1:
        return ()
    return tuple(
        Button(f"More: {item.context}"[:75], Call("build annotations", {**place, "context": item.context}))
        for item in found[:SHOWN]
        if item.context and len(item.context) <= 100 and words(item.body_html).endswith("…")
    )


async def _probe(args: Annotate, ctx: Context) -> Reply | None:
    """One in the context of this request is its own; a named one has to say the same, and to be of late.

    Raises Unavailable where something was to be added and nobody can say whether it was.
    """
    ref, context = _ref(args, ctx), args.context or _own(ctx)
    every = [
        annotation
        async for annotation in ctx.buildkite.annotations(ref.pipeline, ref.number, scope="build", limit=MOST)
    ]
    found = next((item for item in every if item.context == context), None)
    if found is not None and (args.context is None or _says(found, args, ctx)):
        return _annotated(args, ref)
    if args.append:
        raise Unavailable(f"Nobody can say whether {ref} was annotated.", sent=True)
    return None


def _says(found: Annotation, args: Annotate, ctx: Context) -> bool:
    """The words of the text stand at its end, whatever became of the Markdown around them."""
    told, asked = (_WORDS.findall(text) for text in (words(found.body_html, 20_000, 10_000), args.body))
    late = found.updated_at is None or found.updated_at >= ctx.clock.now() - RECENT
    return late and told[-len(asked) :] == asked


@operation(
    "build annotate",
    needs=Permission.BUILD,
    pin=pin_build,
    probe=_probe,
    form=True,
    examples=(
        'build annotate web 101 "Canary is **healthy**" --style success',
        'build annotate "Second look at the flaky test"',
        'build annotate web 101 "Rolled back" --context canary --append',
    ),
)
async def annotate(args: Annotate, ctx: Context) -> Reply:
    """Write an annotation onto a build, in Markdown."""
    ref, context = _ref(args, ctx), args.context or _own(ctx)
    await ctx.buildkite.annotate(
        ref.pipeline, ref.number, args.body, style=args.style, context=context, append=args.append
    )
    return _annotated(args, ref)


def _annotated(args: Annotate, ref: BuildRef) -> Reply:
    text = md("annotated {ref}: {words}", ref=str(ref), words=_brief(args.body))
    return Reply(text=text, private=False)


def _brief(body: str) -> str:
    line = " ".join(masked(body).split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _own(ctx: Context) -> str:
    """A context of this request alone: nobody else's annotation is replaced, and it can be found again."""
    return f"kitestring:{ctx.mark}"


def _ref(args: AtBuild, ctx: Context) -> BuildRef:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return BuildRef(ctx.buildkite.organization, args.pipeline, args.number)
