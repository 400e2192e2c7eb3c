"""Reads a pipeline's step configuration (Buildkite's own YAML shape) into steps."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from simulators.buildkite.models import Step

StepSource = str | Mapping[str, Any]


def write_configuration(steps: Iterable[StepSource]) -> str:
    """Return the YAML text that a pipeline with these steps has as its `configuration`."""
    return yaml.safe_dump({"steps": list(steps)}, sort_keys=False, allow_unicode=True)


def read_configuration(text: str, new_id: Callable[[], str]) -> list[Step]:
    """Parse a configuration into steps. Raise ValueError if it is invalid."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError("The configuration is not valid YAML.") from error
    if isinstance(document, list):
        document = {"steps": document}
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        raise ValueError("The configuration holds no steps.")
    return [read_step(word, new_id()) for word in document["steps"]]


def read_step(word: StepSource, step_id: str) -> Step:
    """Parse one step. Raise ValueError if it isn't a step."""
    given: Mapping[str, Any] = {word: None} if isinstance(word, str) else word
    for kind, read in _READERS.items():
        if kind in given:
            return read(given, step_id)
    raise ValueError(f"No step kind in {sorted(given)}.")


def from_visual_step(step: Mapping[str, Any]) -> StepSource:
    """Convert a step of a visual pipeline's `steps` array into the YAML shape."""
    kind = step.get("type")
    if kind == "waiter":
        return "wait"
    if kind == "manual":
        return {"block": step.get("label") or step.get("name") or "Continue"}
    given = {"label": step.get("name"), "command": step.get("command") or ""}
    rules = step.get("agent_query_rules")
    return {**given, "agents": list(rules)} if rules else given


def _wait(given: Mapping[str, Any], step_id: str) -> Step:
    key = "wait" if "wait" in given else "waiter"
    inner = given.get(key)
    go_on = given.get("continue_on_failure") or (isinstance(inner, Mapping) and inner.get("continue_on_failure"))
    return Step(step_id, "wait", key=given.get("key"), continue_on_failure=bool(go_on))


def _gate(kind: str) -> Callable[[Mapping[str, Any], str], Step]:
    def read(given: Mapping[str, Any], step_id: str) -> Step:
        return Step(
            step_id,
            kind,
            label=given.get(kind) or given.get("label") or "Continue",
            key=given.get("key"),
            fields=tuple(given.get("fields") or ()),
            blocked_state=given.get("blocked_state") or "passed",
            allowed_teams=_words(given.get("allowed_teams")),
        )

    return read


def _trigger(given: Mapping[str, Any], step_id: str) -> Step:
    return Step(
        step_id,
        "trigger",
        label=given.get("label") or f"Trigger {given['trigger']}",
        key=given.get("key"),
        target=str(given["trigger"]),
        is_async=bool(given.get("async")),
        trigger=dict(given.get("build") or {}),
    )


def _command(given: Mapping[str, Any], step_id: str) -> Step:
    command = given.get("command", given.get("commands"))
    return Step(
        step_id,
        "script",
        label=given.get("label") or given.get("name"),
        key=given.get("key"),
        command="\n".join(command) if isinstance(command, list) else command,
        rules=_rules(given.get("agents")),
        parallelism=given.get("parallelism"),
        soft_fail=bool(given.get("soft_fail")),
        automatic_retries=_retries(given.get("retry")),
        artifact_paths=given.get("artifact_paths"),
    )


def _words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]


def _rules(agents: object) -> tuple[str, ...]:
    if isinstance(agents, Mapping):
        return tuple(f"{key}={value}" for key, value in agents.items())
    return _words(agents) or ("queue=default",)


def _retries(retry: object) -> int:
    automatic = retry.get("automatic") if isinstance(retry, Mapping) else None
    if automatic is True:
        return 2
    rules = automatic if isinstance(automatic, list) else [automatic]
    return max((int(rule.get("limit", 2)) for rule in rules if isinstance(rule, Mapping)), default=0)


_READERS: dict[str, Callable[[Mapping[str, Any], str], Step]] = {
    "wait": _wait,
    "waiter": _wait,
    "block": _gate("block"),
    "input": _gate("input"),
    "trigger": _trigger,
    "command": _command,
    "commands": _command,
}
