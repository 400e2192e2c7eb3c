"""Help in the thread of a build: the five things that fit its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from bot.buildkite.models import BUILD_CANCELABLE
from bot.builds.model import TrackedBuild
from bot.errors import UsageError
from bot.operations.build_wording import describe_phase
from bot.operations.help_results import HelpResult, describe_commands
from bot.operations.help_text import IsAllowed
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.reply import Button, Call, Reply
from bot.operations.vocabulary import resolve_operation
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md

THINGS_LIMIT = 5
# What people most likely want of a build in its phase; the things that fit any build follow.
_LIVE = ("build cancel", "build view", "job list", "mute build")
_BY_PHASE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(BUILD_CANCELABLE, _LIVE),
        "failing": ("job log", *_LIVE),
        "blocked": ("job unblock",),
        "failed": ("job log", "build retry", "build rebuild"),
        "passed": ("build artifacts", "build rebuild"),
        "canceled": ("build rebuild",),
    }
)
_ANY_PHASE = ("build view", "job list", "build artifacts", "build annotations", "build rebuild")


def choose_build(tracked: Sequence[TrackedBuild]) -> TrackedBuild | None:
    """Return the build that a thread is about: its newest active one, else its newest."""
    known = [found for found in tracked if not found.deleted]
    active = [found for found in known if not found.build.ended]
    return next(iter([*active, *known]), None)


def render_build_help(
    tracked: TrackedBuild, registry: Registry, allowed: IsAllowed, command: str
) -> Reply[HelpResult]:
    """Return what fits the build now, as words for the thread and as buttons."""
    build = tracked.build
    fitting = list(_list_fitting(build.phase, registry, allowed))
    emoji, phase = describe_phase(build.phase)
    entries = [
        md("{words} {summary}", words=code(_shorten_name(op, registry)), summary=op.summary) for op in fitting
    ]
    named = {"pipeline": build.ref.pipeline, "number": str(build.ref.number)}
    more = Button("More", Call("help", {"noun": "more"}), spoken_label="All commands")
    return Reply(
        data=describe_commands(fitting, command, f"{build.ref} {phase.lower()}"),
        title=f"{emoji} {build.ref} {phase.lower()}",
        text=join_lines(entries),
        footer=Mrkdwn("Press a button, or mention me in this thread with one of these words."),
        buttons=(*(_make_button(op, named, str(build.ref)) for op in fitting), more),
    )


def _list_fitting(phase: str, registry: Registry, allowed: IsAllowed) -> Iterator[Operation]:
    names = dict.fromkeys((*_BY_PHASE.get(phase, ()), *_ANY_PHASE))
    fitting = [op for name in names if allowed(op := registry[name])]
    yield from fitting[:THINGS_LIMIT]


def _shorten_name(op: Operation, registry: Registry) -> str:
    """Return the verb alone if it means this operation, else the whole name."""
    try:
        resolved = resolve_operation([op.verb], registry, "").meaning
    except UsageError:
        return op.name
    return op.verb if resolved is op else op.name


def _make_button(op: Operation, named: Mapping[str, str], ref: str) -> Button:
    """Return a button that acts like the typed command: it asks before it stops anything."""
    return Button(
        op.button_label,
        Call(op.name, dict(named)),
        form=op.looks_up_form,
        spoken_label=f"{op.button_label}: {ref}"[:75],
    )
