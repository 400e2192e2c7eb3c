"""Fields of a block step, read from the pipeline's configuration because no API call returns them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.access.approvals.request_wording import looks_secret
from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.operations.operation import FormField
from bot.runtime.redaction import MASK
from bot.slack.blockkit.blocks import shorten

# Characters of the answers that a message shows: a text field may hold a whole page.
_ANSWERS_LIMIT = 500
_KINDS = ("block", "input", "manual")
_SEPARATED = re.compile(r"[\n,]")


def find_fields(configuration: str | None, job: Job) -> tuple[FormField, ...] | None:
    """Return the fields of the block or input step that `job` waits at, or None if the step isn't found.

    Steps uploaded while the build runs aren't in the pipeline's configuration.
    https://buildkite.com/docs/pipelines/configure/step-types/block-step
    """
    gates = list(_find_gates(_parse_steps(configuration)))
    by_key = [gate for gate in gates if job.step_key and gate.get("key") == job.step_key]
    by_label = [gate for gate in gates if job.label and job.label in _collect_names(gate)]
    matching = by_key or by_label
    if not matching:
        return None
    given = matching[0].get("fields")
    read = (
        [_parse_field(entry) for entry in given if isinstance(entry, Mapping)] if isinstance(given, list) else []
    )
    return tuple(field for field in read if field is not None)


def fill_fields(fields: tuple[FormField, ...], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values to send: given ones or else defaults, several values one per line.

    Raise UsageError if a field is missing or unknown, or a value isn't one of its options.
    """
    known = {field.key for field in fields}
    unknown = [key for key in given if key not in known]
    if unknown:
        takes = f"Its fields: {', '.join(f'`{key}`' for key in sorted(known))}." if known else "It has no fields."
        raise UsageError(f"This step has no field `{_quote(unknown[0])}`.", takes, "fields")
    values = {
        field.key: _check_value(field, given.get(field.key, "").strip() or field.default) for field in fields
    }
    missing = [field for field in fields if field.required and not values[field.key]]
    if missing:
        named = ", ".join(f"`{field.key}` ({field.label})" for field in missing)
        example = " ".join(f"{field.key}=…" for field in missing)
        raise UsageError(f"This step needs {named}.", f"Add `{example}`.", "fields")
    return {key: value for key, value in values.items() if value}


def label_answers(fields: tuple[FormField, ...], given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the label and the readable values of each field that is sent. Raise UsageError like `fill_fields`."""
    values = fill_fields(fields, given)
    return {
        field.key: (field.label, _label_value(field, values[field.key])) for field in fields if field.key in values
    }


def describe_answers(fields: tuple[FormField, ...], values: Mapping[str, str]) -> str:
    """Return the answers with their labels, `Release name Autumn, Ring Canary`, without what may be a secret."""
    known = {field.key: field for field in fields}
    stated = {key: value for key, value in values.items() if value}
    answers = [_describe_answer(known.get(key, FormField(key, key)), value) for key, value in stated.items()]
    return shorten(", ".join(answers), _ANSWERS_LIMIT)


def _describe_answer(field: FormField, value: str) -> str:
    is_masked = looks_secret(field.key, value) or looks_secret(field.label, value)
    return f"{field.label} {MASK if is_masked else _label_value(field, value)}"


def _label_value(field: FormField, value: str) -> str:
    labels = {chosen: label for label, chosen in field.options}
    return ", ".join(labels.get(part, part) for part in value.split("\n"))


def _parse_steps(configuration: str | None) -> list[object]:
    import yaml  # imported late: start-up is faster without it, and few builds wait at a block step

    try:
        document = yaml.safe_load(configuration or "")
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    steps = document.get("steps") if isinstance(document, dict) else document
    return steps if isinstance(steps, list) else []


def _find_gates(steps: list[object]) -> Iterator[Mapping[str, object]]:
    for step in steps:
        if not isinstance(step, dict):
            continue
        if step.get("type") in _KINDS or any(kind in step for kind in _KINDS):
            nested: Mapping[str, object] = next(
                (step[kind] for kind in _KINDS if isinstance(step.get(kind), dict)), {}
            )
            yield {**step, **nested}
        elif "group" in step and isinstance(step.get("steps"), list):
            yield from _find_gates(step["steps"])


def _collect_names(gate: Mapping[str, object]) -> set[str]:
    words = (*_KINDS, "label", "name", "prompt")
    return {name for word in words if isinstance(name := gate.get(word), str)}


def _parse_field(given: Mapping[str, object]) -> FormField | None:
    key = given.get("key")
    if not isinstance(key, str | int):
        return None
    label = given.get("text") or given.get("select") or key
    default = given.get("default")
    several = default if isinstance(default, list) else [] if default is None else [default]
    return FormField(
        key=str(key),
        label=str(label),
        hint=str(given.get("hint") or ""),
        required=given.get("required", True) is not False,
        default="\n".join(map(str, several)),
        options=_parse_options(given.get("options")),
        multiple=given.get("multiple") is True,
    )


def _parse_options(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, list):
        return ()
    pairs = [(entry.get("label"), entry.get("value")) for entry in given if isinstance(entry, Mapping)]
    return tuple((str(label or value), str(value)) for label, value in pairs if value is not None)


def _check_value(field: FormField, given: str) -> str:
    """Return the chosen values, one per line. Raise UsageError for a value that isn't an option."""
    parts = [part.strip() for part in _SEPARATED.split(given)] if field.multiple else [given]
    allowed = {value for _, value in field.options}
    by_label = {label.lower(): value for label, value in field.options}
    chosen = [part if part in allowed else by_label.get(part.lower(), part) for part in parts if part]
    for value in chosen:
        if field.options and value not in allowed:
            choices = ", ".join(f"`{option}`" for _, option in field.options)
            raise UsageError(
                f"`{_quote(value)}` isn't an option for `{field.key}`.", f"Options: {choices}.", "fields"
            )
    return "\n".join(chosen)


def _quote(word: str) -> str:
    return " ".join(word.replace("`", "ˋ").split())[:60]
