"""Kinds of pipeline steps. https://buildkite.com/docs/pipelines/configure/defining-steps"""

from __future__ import annotations

from collections.abc import Mapping

KINDS = {
    "group": "groupStep",
    "trigger": "triggerStep",
    "block": "blockStep",
    "input": "inputStep",
    "wait": "waitStep",
    "command": "commandStep",
}
"""The schema's definition by kind of step."""
_WORDS = {
    "group": "group",
    "trigger": "trigger",
    "block": "block",
    "manual": "block",
    "input": "input",
    "wait": "wait",
    "waiter": "wait",
    "command": "command",
    "commands": "command",
    "script": "command",
    "plugins": "command",
}
STEP_WORDS = tuple(_WORDS)
LONE = ("wait", "waiter", "block", "input")
"""Steps that may be written as a single word."""


def find_kind(step: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Return the kind and, for a step nested under one key (`- wait: {…}`), that key; None for unknown parts."""
    word = next((word for word in _WORDS if word in step), None)
    if word is None:
        named = step.get("type")
        return (_WORDS.get(named) if isinstance(named, str) else None), None
    nested = len(step) == 1 and isinstance(step[word], Mapping)
    return _WORDS[word], word if nested and word != "plugins" else None
