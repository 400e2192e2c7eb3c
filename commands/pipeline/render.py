"""Texts about a pipeline: its list row, facts, steps, and the result of creating it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.buildkite.models import Build
from bot.buildkite.resources import Pipeline
from bot.operations.build_wording import describe_phase, link_build
from bot.slack.blockkit.blocks import join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link, local_time, md
from commands.pipeline.results import PipelineData
from commands.pipeline.step_kinds import find_kind

STEPS_LIMIT = 12
_SHORT = 80
_HOSTED = re.compile(r"(?:https://|ssh://git@|git@)([A-Za-z0-9.-]+)[:/]([\w.-]+/[\w./-]+?)(?:\.git)?/?")
_MARKS = {"wait": "⏳ wait", "block": "✋", "input": "✏️", "trigger": "↗️", "group": "▸"}


@dataclass(frozen=True)
class FollowUpResult:
    """The result of a step after creating a pipeline: `wrong` says why it failed, and is empty if it didn't."""

    what: str
    wrong: str = ""

    @property
    def line(self) -> Mrkdwn:
        """Return `✓ first build` or `✗ first build: …`."""
        if not self.wrong:
            return md("✓ {what}", what=self.what)
        return md("✗ {what}: {wrong}", what=self.what, wrong=shorten(self.wrong, 300))


def link_pipeline(pipeline: Pipeline) -> Mrkdwn:
    """Return the pipeline's name, linked to its page."""
    return link(pipeline.web_url, shorten(pipeline.name, 100))


def render_row(pipeline: PipelineData) -> tuple[str, ...]:
    """Return the pipeline's row in a list: name, repository, default branch, builds in progress, tags."""
    now = pipeline.running_builds + pipeline.scheduled_builds
    builds = "1 build" if now == 1 else f"{now} builds"
    state = "archived" if pipeline.archived_at else builds if now else ""
    return (
        link(pipeline.url, shorten(pipeline.name, 100)),
        render_repository(pipeline.repository),
        shorten(pipeline.default_branch or "", 60),
        state,
        shorten(", ".join(pipeline.tags), 100),
    )


COLUMNS = ("Pipeline", "Repository", "Default branch", "Now", "Tags")


def collect_facts(pipeline: Pipeline, cluster: str, last: Build | None) -> tuple[tuple[str, str], ...]:
    """Return the pipeline's facts as (label, value); `last` is the newest build of its default branch."""
    now = f"{pipeline.running_builds_count} running, {pipeline.scheduled_builds_count} scheduled"
    given = {
        "Repository": render_repository(pipeline.repository),
        "Default branch": code(pipeline.default_branch) if pipeline.default_branch else "",
        "Latest build": _render_build(last) if last else "none yet",
        "Builds now": now,
        "Cluster": cluster,
        "Visibility": "public: everyone on the internet can see it" if pipeline.visibility == "public" else "",
        "Tags": ", ".join(pipeline.tags or ()),
        "Created": local_time(pipeline.created_at, "{date_short_pretty}") if pipeline.created_at else "",
        "Archived": local_time(pipeline.archived_at, "{date_short_pretty}") if pipeline.archived_at else "",
    }
    return tuple((label, value) for label, value in given.items() if value)


def _render_build(build: Build) -> Mrkdwn:
    emoji, words = describe_phase(build.phase)
    return md("{emoji} {build} {words}", emoji=emoji, build=link_build(build), words=words)


def render_repository(address: str | None) -> str:
    """Return `acme/web`, linked to its page, or the address unchanged if its form is unknown."""
    found = _HOSTED.fullmatch(address or "")
    return link(f"https://{found[1]}/{found[2]}", found[2]) if found else shorten(address or "", 200)


def render_steps(configuration: str | None) -> Mrkdwn:
    """Return the pipeline's steps, one per line, or an empty text if they can't be parsed."""
    from bot.runtime.yaml_lines import (
        InvalidYaml,
        parse_yaml,  # imported late: start-up is faster without YAML
    )

    try:
        value = parse_yaml(configuration or "").value
    except InvalidYaml:
        return Mrkdwn("")
    found = value.get("steps") if isinstance(value, Mapping) else value
    rendered = list(_render_steps(found if isinstance(found, list) else [], ""))
    more = [md("… and {count} more", count=len(rendered) - STEPS_LIMIT)] if len(rendered) > STEPS_LIMIT else []
    return join_lines([*rendered[:STEPS_LIMIT], *more])


def _render_steps(found: Sequence[object], indent: str) -> Iterable[Mrkdwn]:
    for step in found:
        yield md("{indent}{step}", indent=indent, step=_render_step(step))
        inner = step.get("steps") if isinstance(step, Mapping) else None
        if isinstance(inner, list):
            yield from _render_steps(inner, indent + "    ")


def _render_step(step: object) -> Mrkdwn:
    if not isinstance(step, Mapping):
        return md("{mark}", mark=_MARKS.get(str(step), shorten(str(step), _SHORT)))
    kind, nested = find_kind(step)
    given = step[nested] if nested else step
    label = next((str(given[key]) for key in ("label", "name", kind or "") if _is_text(given.get(key))), "")
    if kind == "wait":
        return Mrkdwn(_MARKS["wait"])
    if kind == "command":
        return md("• {label}", label=shorten(label, _SHORT)) if _has_name(given) else _render_command(given)
    return md("{mark} {label}", mark=_MARKS.get(kind or "", "•"), label=shorten(label, _SHORT))


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and bool(str(value).strip())


def _has_name(step: Mapping[str, object]) -> bool:
    return _is_text(step.get("label")) or _is_text(step.get("name"))


def _render_command(step: Mapping[str, object]) -> Mrkdwn:
    given = step.get("command", step.get("commands", step.get("script")))
    first = given[0] if isinstance(given, list) and given else given
    words = str(first).strip().split("\n")[0] if _is_text(first) else "plugins"
    return md("• {words}", words=code(shorten(words, _SHORT)))


def render_made(pipeline: Pipeline, action: str, followed: Iterable[FollowUpResult]) -> Mrkdwn:
    """Return `created pipeline Web` and, below it, the result of each further step."""
    head = md("{how} pipeline {name}", how=action, name=link_pipeline(pipeline))
    return join_lines([head, *(done.line for done in followed)])
