"""Says in words what a person wants to run, from the declaration of its operation. Pure.

Approvers agree to what they read: everything that the request sets is in it, apart from values that look like
secrets, which only their names stand for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from bot.access.approvals.model import RequestWording
from bot.operations.arguments import Argument, read_arguments
from bot.operations.declarations import find_target_fields
from bot.operations.operation import Labels, Operation
from bot.runtime.json_types import JsonObject, JsonValue
from bot.runtime.redaction import MASK, mask_secrets
from bot.slack.blockkit.blocks import SECTION_LIMIT, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, md

# Characters of a value. Escaping makes a character up to five times as long; this many still fit in one section.
VALUE_LIMIT = 500
# Characters of what is part of the sentence; longer values get lines of their own.
_SENTENCE_LIMIT = 120
_SECRET_NAME = re.compile(
    r"(?:^|[^a-z])(?:key|keys|auth|pass|dsn|cookie|jwt|salt|signature|credentials?)(?:$|[^a-z])", re.IGNORECASE
)


def describe_request(op: Operation, args: JsonObject, labels: Labels) -> RequestWording:
    """Return the request in words; `labels` are readable values as `Operation.label_values` returns them."""
    parts: Mapping[str, str] = {str(part): name for part, name in find_target_fields(op.args.model_fields).items()}
    named = [field for _, field, _, _ in Formatter().parse(op.phrase) if field]
    act = md(op.phrase, **{field: _render_part(field, parts, args, labels) for field in named})
    in_act = {parts.get(field, field) for field in (*named, *(["pipeline"] if "build" in named else []))}
    given: list[Mrkdwn] = []
    details: list[Mrkdwn] = []
    for argument in read_arguments(op.args):
        if argument.name in in_act:
            continue
        value, is_set = args.get(argument.name), argument.name in args
        if argument.name == parts.get("commit"):
            details.append(_render_commit(value, args.get(parts.get("branch", ""))))
        elif is_set and value not in (argument.default, None, {}, []):
            _add_value(argument, _render_values(argument, value, labels), given, details)
    return RequestWording(act or code(op.name), join(given, ", "), tuple(details))


def describe_unknown(operation: str, args: JsonObject) -> RequestWording:
    """Return a request that was stored without words."""
    values = {name: _join_fitting(_list_values(name, value)) for name, value in args.items()}
    lines = tuple(md("{name}: {value}", name=bold(name), value=value) for name, value in values.items())
    return RequestWording(md("run {name}", name=code(operation)), Mrkdwn(""), lines)


def looks_secret(name: str, value: str) -> bool:
    """Return whether a value's name or format says that it is secret."""
    pair = f"{name}={value}"
    return bool(_SECRET_NAME.search(name)) or mask_secrets(pair) != pair


def _render_part(field: str, parts: Mapping[str, str], args: JsonObject, labels: Labels) -> Mrkdwn:
    """Render an argument or a part of the target inside the sentence; `build` is its pipeline and number."""
    name = parts.get(field, field)
    label = labels.get(name)
    value = label if isinstance(label, str) else str(args.get(name) or "")
    if field == "build":
        return bold(shorten(f"{args.get(parts.get('pipeline', '')) or ''}#{value}", VALUE_LIMIT))
    shown = shorten(value, VALUE_LIMIT)
    return code(shown) if field == "branch" else bold(shown)


def _render_commit(commit: JsonValue, branch: JsonValue) -> Mrkdwn:
    """Render the commit; HEAD as what it means to an approver: one that isn't known yet."""
    if str(commit or "HEAD").upper() != "HEAD":
        return md("{label}: {commit}", label=bold("Commit"), commit=code(shorten(str(commit), VALUE_LIMIT)))
    where = code(shorten(str(branch), VALUE_LIMIT)) if branch else "the default branch"
    return md("{label}: latest on {branch} when it starts", label=bold("Commit"), branch=where)


def _add_value(argument: Argument, values: list[Mrkdwn], given: list[Mrkdwn], details: list[Mrkdwn]) -> None:
    """Add a value to the sentence if it's short and speaks for itself, else on a line of its own."""
    together = join(values, ", ")
    if argument.kind == "bool":
        details.append(md("{text}", text=argument.description))
    elif _speaks_for_itself(argument) and len(together) <= _SENTENCE_LIMIT and "\n" not in together:
        given.append(together)
    else:
        details.append(md("{label}: {value}", label=bold(argument.description), value=_join_fitting(values)))


def _speaks_for_itself(argument: Argument) -> bool:
    return argument.opt.multiline or (argument.kind == "dict" and argument.opt.positional)


def _render_values(argument: Argument, value: JsonValue, labels: Labels) -> list[Mrkdwn]:
    hidden = bool(argument.opt.secret) and not argument.opt.approvers_see
    known = labels.get(argument.name)
    if isinstance(known, Mapping):
        return [_render_answer(key, label, shown, hidden=hidden) for key, (label, shown) in known.items()]
    if hidden and not isinstance(value, Mapping):
        return [Mrkdwn(MASK)]
    if argument.kind == "text" and argument.opt.multiline:
        return [_render_text(str(value))]
    return _list_values(argument.name, value, hidden=hidden)


def _render_text(text: str) -> Mrkdwn:
    """Render a message on one line, without marks: it must not look like other parts of the request."""
    plain = " ".join(text.replace("`", "ˋ").replace("*", "∗").split())
    return md("{text}", text=shorten(plain, VALUE_LIMIT))


def _render_answer(key: str, label: str, value: str, *, hidden: bool) -> Mrkdwn:
    """Render a block step's answer by the label of its field."""
    is_masked = hidden or looks_secret(key, value) or looks_secret(label, value)
    shown = Mrkdwn(MASK) if is_masked else code(shorten(value, VALUE_LIMIT))
    return md("{label} {value}", label=shorten(label, VALUE_LIMIT), value=shown)


def _list_values(name: str, value: JsonValue, *, hidden: bool = False) -> list[Mrkdwn]:
    if isinstance(value, bool):
        return [Mrkdwn("yes" if value else "no")]
    if isinstance(value, Mapping):
        return [_render_pair(key, str(text), hidden=hidden) for key, text in value.items()] or [Mrkdwn("none")]
    if isinstance(value, list | tuple):
        return [code(shorten(str(part), VALUE_LIMIT)) for part in value] or [Mrkdwn("none")]
    shown = Mrkdwn(MASK) if looks_secret(name, str(value)) else code(shorten(str(value), VALUE_LIMIT))
    return [shown]


def _render_pair(key: str, value: str, *, hidden: bool) -> Mrkdwn:
    shown = MASK if hidden or looks_secret(key, value) else value
    return code(f"{shorten(key, VALUE_LIMIT)}={shorten(shown, VALUE_LIMIT)}")


def _join_fitting(values: list[Mrkdwn]) -> Mrkdwn:
    """Join as many values as fit in one section, and count the rest: approvers must know that there is more."""
    count = 0
    while count < len(values) and (not count or len(join(values[: count + 1], ", ")) < SECTION_LIMIT - 200):
        count += 1
    more = md("*and {count} more that don't fit here*", count=len(values) - count)
    return join([*values[:count], *([more] if count < len(values) else [])], ", ")
