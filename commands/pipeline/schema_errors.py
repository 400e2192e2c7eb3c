"""JSON schema errors of a step, put into sentences that name the key and the expected form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.runtime.wording import join_or, quote_word, suggest
from bot.runtime.yaml_lines import YamlPath

if TYPE_CHECKING:
    from jsonschema import ValidationError


SchemaError = tuple[YamlPath, str]
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_ARTICLES = {"a": "a", "i": "an", "": "a"}


def describe_errors(
    errors: Iterable[ValidationError], kind: str, keys: Callable[[], Sequence[str]]
) -> Iterator[SchemaError]:
    """Return each error as (path, sentence); `kind` names the step, empty for the pipeline; `keys` are its keys.

    A value that Buildkite interpolates later (`$QUEUE`) may become anything, so it is never reported.
    """
    for error in errors:
        for cause in _pick_nearest(error):
            if not _is_interpolated(cause.instance):
                yield from _describe_error(cause, kind, keys)


def _pick_nearest(error: ValidationError) -> list[ValidationError]:
    """Return the errors of the alternative form that the value comes nearest to."""
    if not error.context:
        return [error]
    branches: dict[int | str, list[ValidationError]] = {}
    for cause in error.context:
        branches.setdefault(cause.schema_path[0], []).append(cause)
    nearest = min(branches.values(), key=lambda errors: _measure_distance(errors, error))
    if _measure_distance(nearest, error)[0]:
        return [error]
    return [each for cause in nearest for each in _pick_nearest(cause)]


def _measure_distance(errors: Sequence[ValidationError], whole: ValidationError) -> tuple[bool, bool, int]:
    """Return a sort key: wrong type or choice first, then unknown keys, then the number of errors."""
    validators = [str(error.validator) for error in errors if len(error.absolute_path) == len(whole.absolute_path)]
    return "type" in validators or "enum" in validators, "additionalProperties" in validators, len(errors)


def _get_rule(error: ValidationError) -> object:
    """Return the value of the violated rule."""
    return error.validator_value


def _get_keys(value: object) -> tuple[str, ...]:
    """Return the keys of a mapping or the words of a list."""
    return tuple(map(str, value)) if isinstance(value, Mapping | list) else ()


def _is_interpolated(value: object) -> bool:
    return isinstance(value, str) and "$" in value


def _describe_error(error: ValidationError, kind: str, keys: Callable[[], Sequence[str]]) -> Iterator[SchemaError]:
    path: YamlPath = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _describe_unknown_keys(error, path, kind, keys)
        case "required":
            given = _get_keys(error.instance)
            missing = [f"`{name}`" for name in _get_keys(_get_rule(error)) if name not in given]
            yield path, f"{_name_owner(path, kind)} needs {' and '.join(missing)}."
        case _:
            yield path, f"{_name_value(path, error.instance)} {_describe_rule(error)}"


def _describe_unknown_keys(
    error: ValidationError, path: YamlPath, kind: str, keys: Callable[[], Sequence[str]]
) -> Iterator[SchemaError]:
    declared = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    known = _get_keys(declared) or tuple(keys())
    for name in _get_keys(error.instance):
        if name not in known:
            guess = suggest(name, known)
            sentence = f"`{quote_word(name)}` isn't a key of {_name_owner(path, kind)}"
            yield (*path, name), f"{sentence}; {guess[0].lower()}{guess[1:]}" if guess else f"{sentence}."


def _name_owner(path: YamlPath, kind: str) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), None)
    if name is not None:
        return f"`{quote_word(name)}`"
    return f"{_ARTICLES.get(kind[:1], 'a')} {kind} step" if kind else "a pipeline"


def _name_value(path: YamlPath, value: object) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), None)
    what = f"`{quote_word(name)}`" if name is not None else "this"
    if value is None:
        return f"{what} is empty, but"
    return what if isinstance(value, dict | list) else f"{what} is “{quote_word(value)}”, but"


def _describe_rule(error: ValidationError) -> str:
    """Return the rest of the sentence that starts with the key."""
    value = _get_rule(error)
    match error.validator:
        case "type" | "anyOf" | "oneOf" if forms := _list_forms(error):
            return f"should be {join_or(forms)}."
        case "enum":
            return f"can be {join_or(_list_forms(error))}."
        case "minimum":
            return f"must be at least {value}."
        case "maximum":
            return f"must be at most {value}."
        case "minItems" | "minLength":
            return "must not be empty."
        case "maxLength":
            return f"must have at most {value} characters."
        case "pattern":
            return "doesn't have the right form."
        case _:
            return "isn't in a form that Buildkite accepts."


def _list_forms(error: ValidationError) -> list[str]:
    """Return the accepted forms, each once: types, or the allowed constants."""
    found: list[str] = []
    for cause in error.context or [error]:
        match cause.validator, _get_rule(cause):
            case "type", str() as name:
                found.append(_TYPES[name])
            case "type", list() as names:
                found += [_TYPES[name] for name in names]
            case "enum", list() as words:
                found += [f"`{_format_constant(word)}`" for word in words]
    return list(dict.fromkeys(found))


def _format_constant(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
