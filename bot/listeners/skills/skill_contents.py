"""Writes the Agent Skill: a folder that tells an agent how to use Kitestring.

https://agentskills.io/specification
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from bot import __version__
from bot.listeners.rest.openapi import is_exposed, make_path
from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry

NAME = "kitestring"
DESCRIPTION = (
    "Start, watch, retry, unblock and cancel Buildkite builds, read job logs and manage agents and pipelines "
    "through Kitestring, under the team's policy and approvals. Use it when asked to run CI, find out why a "
    "build failed, release or roll back, or see what waits for approval."
)
# Zip files need a time; a fixed one makes equal skills equal files.
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
_CHANGES = {
    Effect.READS: "only reads",
    Effect.CHANGES_STATE: "changes Kitestring's own state",
    Effect.CHANGES_BUILDKITE: "changes Buildkite",
}


def make_skill(registry: Registry) -> Mapping[str, str]:
    """Return the files of the skill, by their path in its folder."""
    return {
        "SKILL.md": _render_skill(registry),
        "references/operations.md": _render_operations(registry),
        "references/api.md": _read_file("api.md"),
        "scripts/kitestring.py": _read_file("call_script.py"),
    }


def pack_skill(skill: Mapping[str, str]) -> bytes:
    """Return the skill as a zip file with its folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in skill.items():
            archive.writestr(zipfile.ZipInfo(f"{NAME}/{path}", _ZIP_TIME), text)
    return packed.getvalue()


def _render_skill(registry: Registry) -> str:
    everyday = [op for op in registry if is_exposed(op) and op.noun in ("build", "job")]
    rows = "\n".join(f"| `{op.name}` | {op.summary} |" for op in everyday)
    template = Template(_read_file("skill_template.md"))
    return template.substitute(name=NAME, description=DESCRIPTION, version=__version__, rows=rows)


def _render_operations(registry: Registry) -> str:
    sections = [_render_operation(op) for op in registry if is_exposed(op)]
    return "\n".join(
        ["# Operations", "", "Each is `POST` to its path with its arguments as a JSON object.", *sections]
    )


def _read_file(name: str) -> str:
    return files("bot.listeners.skills").joinpath(name).read_text("utf-8")


def _render_operation(op: Operation) -> str:
    arguments = [_render_argument(argument) for argument in read_arguments(op.args) if argument.opt.in_manual]
    asks = " Asks first: confirm with `--yes`." if op.confirm else ""
    return "\n".join(
        [
            "",
            f"## {op.name}",
            "",
            f"{op.summary} It {_CHANGES[op.effect]}.{asks} `{make_path(op)}`",
            "",
            *arguments,
        ]
    )


def _render_argument(argument: Argument) -> str:
    needed = ", required" if argument.required else ""
    choices = f": {', '.join(argument.choices)}" if argument.choices else ""
    return f"- `{argument.name}` ({argument.kind}{needed}): {argument.description}{choices}"
