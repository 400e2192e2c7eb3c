"""Commands that show and write a build's annotations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from bot.buildkite.endpoints.annotations import Annotation, AnnotationCalls, Style
from bot.buildkite.models import Build, BuildRef
from bot.builds.failures.annotation_text import extract_text
from bot.errors import Unavailable, UsageError
from bot.execution.resolve.build import BuildContext, pin_build
from bot.operations.addresses import BuildArgs
from bot.operations.build_wording import link_build
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.clock import Clock
from bot.runtime.redaction import mask_secrets
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.build.annotation_view import SHOWN_LIMIT, ShownAnnotation, render_annotations
from commands.build.results import AnnotationData, AnnotationList, AnnotationResult

# Annotations read per build: two pages of 100, which is more than people write.
READ_LIMIT = 200
# An annotation updated before this window can't come from the request whose answer was lost.
RECENT = timedelta(minutes=15)
_ORDER = ("error", "warning", "info", "success")
_WORDS = re.compile(r"\w+")


class BuildAnnotationsArgs(BuildArgs):
    """Arguments of `build annotations`."""

    context: Annotated[
        str | None, Opt(value="name", hint="coverage"), Field(max_length=100, description="Only this context")
    ] = None
    style: Annotated[Style | None, Opt(former=("-s",)), Field(description="Only this style")] = None


class BuildAnnotateArgs(BuildArgs):
    """Arguments of `build annotate`."""

    body: Annotated[
        str,
        Opt(value="text", positional=True, multiline=True, former=("-m",), hint="Markdown", secret=False),
        Field(min_length=1, max_length=20_000, description="Text"),
    ]
    style: Annotated[Style, Opt(former=("-s",)), Field(description="Style")] = "info"
    context: Annotated[
        str | None,
        Opt(value="name", hint="a new one"),
        Field(min_length=1, max_length=100, description="Context: an existing annotation with it is replaced"),
    ] = None
    append: Annotated[bool, Opt(), Field(description="Append to the annotation instead of replacing it")] = False

    @model_validator(mode="after")
    def _require_context(self) -> BuildAnnotateArgs:
        if self.append and self.context is None:
            raise UsageError(
                "Which annotation should I append to?", "Name its context: `--context coverage`.", "context"
            )
        return self


@dataclass(frozen=True)
class AnnotationContext(BuildContext):
    """The builds and their annotations, and the clock that tells recent ones apart."""

    annotations: AnnotationCalls
    clock: Clock


@operation(
    "build annotations",
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_builds",),
    pin=pin_build,
    examples=("build annotations web 101", "build annotations web 101 --context coverage", "build annotations"),
)
async def show_annotations(args: BuildAnnotationsArgs, ctx: AnnotationContext) -> Reply[AnnotationList]:
    """Show a build's annotations."""
    ref = _require_build(args, ctx)
    build = await ctx.builds.build(ref.pipeline, ref.number)
    every = [
        annotation async for annotation in ctx.annotations.annotations(ref.pipeline, ref.number, limit=READ_LIMIT)
    ]
    found = sorted((annotation for annotation in every if _matches(annotation, args)), key=_sort_key)
    if not found:
        text = _describe_none(args, build)
        return Reply(data=_make_list(text, ref, []), text=text, builds=(build,))
    head, shown = md("Annotations of {ref}", ref=link_build(build)), _to_shown(found, build)
    return Reply(
        data=_make_list(head, ref, shown),
        text=md("{head}\n{annotations}", head=head, annotations=render_annotations(shown)),
        footer=_render_footer(found),
        buttons=_make_buttons(found, ref),
        builds=(build,),
    )


def _make_list(message: str, ref: BuildRef, annotations: Sequence[ShownAnnotation]) -> AnnotationList:
    return AnnotationList(
        message=message,
        pipeline=ref.pipeline,
        number=ref.number,
        annotations=tuple(map(AnnotationData.from_annotation, annotations)),
    )


def _matches(annotation: Annotation, args: BuildAnnotationsArgs) -> bool:
    return args.context in {None, annotation.context} and args.style in {None, annotation.style}


def _sort_key(annotation: Annotation) -> tuple[int, int]:
    style = annotation.style or "info"
    return -annotation.priority, _ORDER.index(style) if style in _ORDER else len(_ORDER)


def _to_shown(found: Sequence[Annotation], build: Build) -> list[ShownAnnotation]:
    titles = {job.id: job.title for job in build.jobs}
    return [
        ShownAnnotation(
            annotation.context or "",
            annotation.style or "info",
            titles.get(annotation.job_id or "", ""),
            annotation.body_html,
        )
        for annotation in found
    ]


def _describe_none(args: BuildAnnotationsArgs, build: Build) -> Mrkdwn:
    filters = {"context": args.context, "style": args.style}
    criteria = [
        md(" with {name} {value}", name=name, value=code(value)) for name, value in filters.items() if value
    ]
    return md("{ref} has no annotations{criteria}.", ref=link_build(build), criteria=Mrkdwn(",".join(criteria)))


def _render_footer(found: Sequence[Annotation]) -> str:
    left = len(found) - SHOWN_LIMIT
    return f"and {left} more. Secrets are masked." if left > 0 else "Secrets are masked."


def _make_buttons(found: Sequence[Annotation], ref: BuildRef) -> tuple[Button, ...]:
    """Return a button for each annotation that is shown only in part."""
    place = {"pipeline": ref.pipeline, "number": str(ref.number)}
    if len(found) == 1:
        return ()
    return tuple(
        Button(
            f"More: {annotation.context}"[:75],
            Call("build annotations", {**place, "context": annotation.context}),
        )
        for annotation in found[:SHOWN_LIMIT]
        if annotation.context
        and len(annotation.context) <= 100
        and extract_text(annotation.body_html).endswith("…")
    )


async def _probe(args: BuildAnnotateArgs, ctx: AnnotationContext) -> Reply[AnnotationResult] | None:
    """Return the reply if the annotation was written.

    A context generated for this request proves it; in a context named by the person, the text has to match and be
    recent. Raise Unavailable for an append that isn't found: it may have been replaced since.
    """
    ref, context = _require_build(args, ctx), args.context or _own_context(ctx)
    every = [
        annotation
        async for annotation in ctx.annotations.annotations(
            ref.pipeline, ref.number, scope="build", limit=READ_LIMIT
        )
    ]
    found = next((annotation for annotation in every if annotation.context == context), None)
    if found is not None and (args.context is None or _ends_with_body(found, args, ctx)):
        return _reply_annotated(args, ref, context)
    if args.append:
        raise Unavailable(f"I couldn't find out whether {ref} was annotated.", sent=True)
    return None


def _ends_with_body(annotation: Annotation, args: BuildAnnotateArgs, ctx: AnnotationContext) -> bool:
    """Return whether a recent annotation ends with the words of the text; Markdown may have been rendered."""
    present, wanted = (
        _WORDS.findall(text) for text in (extract_text(annotation.body_html, 20_000, 10_000), args.body)
    )
    recent = annotation.updated_at is None or annotation.updated_at >= ctx.clock.now() - RECENT
    return recent and present[-len(wanted) :] == wanted


@operation(
    "build annotate",
    needs=Permission.BUILD,
    effect=Effect.CHANGES_BUILDKITE,
    scopes=("write_builds",),
    pin=pin_build,
    probe=_probe,
    opens_form=True,
    examples=(
        'build annotate web 101 "Canary is **healthy**" --style success',
        'build annotate "Second look at the flaky test"',
        'build annotate web 101 "Rolled back" --context canary --append',
    ),
)
async def annotate(args: BuildAnnotateArgs, ctx: AnnotationContext) -> Reply[AnnotationResult]:
    """Annotate a build with Markdown text."""
    ref, context = _require_build(args, ctx), args.context or _own_context(ctx)
    await ctx.annotations.annotate(
        ref.pipeline, ref.number, args.body, style=args.style, context=context, append=args.append
    )
    return _reply_annotated(args, ref, context)


def _reply_annotated(args: BuildAnnotateArgs, ref: BuildRef, context: str) -> Reply[AnnotationResult]:
    text = md("annotated {ref}: {words}", ref=str(ref), words=_shorten_body(args.body))
    data = AnnotationResult(
        message=text, pipeline=ref.pipeline, number=ref.number, context=context, style=args.style
    )
    return Reply(data=data, text=text, private=False)


def _shorten_body(body: str) -> str:
    line = " ".join(mask_secrets(body).split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _own_context(ctx: AnnotationContext) -> str:
    """Return a context unique to this request, so that it replaces no other annotation and can be found again."""
    return f"kitestring:{ctx.caller.invocation_id}"


def _require_build(args: BuildArgs, ctx: AnnotationContext) -> BuildRef:
    if args.pipeline is None or args.number is None:
        raise UsageError("Which build do you mean?", "Name it: `web 101`.", "pipeline")
    return BuildRef(ctx.builds.organization, args.pipeline, args.number)
