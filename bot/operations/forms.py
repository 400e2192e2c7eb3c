"""An operation's arguments as a modal, and a submitted modal as arguments.

https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import UsageError
from bot.operations.arguments import Argument, arguments, gathered
from bot.operations.form_inputs import element, field_block, field_element, file_block, file_element, is_on
from bot.operations.operation import Field, Operation
from bot.slack.blockkit.blocks import Block, context, input_block, plain, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, md

View = dict[str, Any]
PLACE = "place"
_TITLE_LIMIT = 24
_ERROR_LIMIT = 500


def form(
    op: Operation,
    given: Mapping[str, Any],
    *,
    callback_id: str,
    private_metadata: str,
    fields: Sequence[Field] = (),
    title: str | None = None,
    place: str | None = None,
) -> View:
    """The modal that asks for an operation's arguments, filled with what was given already and the defaults.

    A block's id is its argument's name, `fields.<key>` for the inputs of a block step (`fields`). With `place`, a
    conversation, it also asks where the answer goes.
    """
    blocks = [block for item in _asked(op, fields, given) for block in _blocks(item, given.get(item.name))]
    extra = given.get("fields")
    known = extra if isinstance(extra, Mapping) else {}
    blocks += [_field(field, known.get(field.key)) for field in fields]
    submit = (op.verb or op.noun).capitalize()
    empty = section(
        md("There is nothing to fill in. Press {submit} to go on.", submit=bold(submit)), block_id="nothing"
    )
    asked = [_place(place)] if place else []
    view = _modal(title or title_of(op), [*_about(op, given), *(blocks or [empty]), *asked])
    return view | {
        "callback_id": callback_id[:255],
        "private_metadata": private_metadata[:3000],
        "submit": plain(submit, _TITLE_LIMIT),
    }


def _about(op: Operation, given: Mapping[str, Any]) -> list[Block]:
    """What the form says of itself, or which build it is about, where that is not asked."""
    if op.preface:
        return [context(op.preface, block_id="preface")]
    if op.fields is None or not (given.get("pipeline") and given.get("number")):
        return []
    return [context(f"{given['pipeline']}#{given['number']}", block_id="about")]


def _place(chosen: str) -> Block:
    """Channels that another organization reads are left out; the rest is judged when the form is sent."""
    menu = {
        "type": "conversations_select",
        "action_id": PLACE,
        "initial_conversation": chosen,
        "filter": {"include": ["public", "private", "im"], "exclude_external_shared_channels": True},
    }
    return input_block(
        PLACE, "Where its card goes", menu, hint="A channel that both you and I are in, or our messages."
    )


def place_of(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str | None:
    """The conversation that was chosen."""
    chosen = values.get(PLACE, {}).get(PLACE, {}).get("selected_conversation")
    return str(chosen) if chosen else None


def loading(title: str) -> View:
    """The modal that is shown at once, while the form is being made: `trigger_id` lives three seconds."""
    return _modal(title, [section(Mrkdwn("⏳ One moment…"), block_id="loading")])


def notice_view(title: str, text: str) -> View:
    """A modal that only says something: why there is no form."""
    return _modal(title, [section(text, block_id="said")])


def _modal(title: str, blocks: Sequence[Block]) -> View:
    return {
        "type": "modal",
        "title": plain(title, _TITLE_LIMIT),
        "close": plain("Never mind", _TITLE_LIMIT),
        "blocks": list(blocks)[:100],
    }


def title_of(op: Operation) -> str:
    """`build create` → `Create build`."""
    return f"{op.verb} {op.noun}".strip().capitalize()


def _asked(op: Operation, fields: Sequence[Field], given: Mapping[str, Any]) -> list[Argument]:
    """The arguments that the form asks for; a block step's own inputs take the place of `fields`.

    Where inputs are known only at run time, what they belong to has been looked up: it is not asked again.
    """
    shown = [
        argument
        for argument in arguments(op.args)
        if argument.opt.form and not (fields and argument.name == "fields")
    ]
    return [item for item in shown if op.fields is None or given.get(item.name) is None]


def _block(argument: Argument, given: Any) -> Block:
    value = argument.default if given is None else given
    drawn = element(argument, value)
    hint = argument.opt.hint or ("One KEY=value a line." if argument.kind == "dict" else None)
    said = "placeholder" in drawn and "initial_value" not in drawn and drawn["type"] == "plain_text_input"
    optional = not argument.required or argument.kind == "bool"
    return input_block(
        argument.name,
        argument.description,
        drawn,
        hint=None if said else hint,  # an empty input shows it inside already
        optional=optional,
    )


def _blocks(argument: Argument, given: Any) -> list[Block]:
    """Its input, and below it one for a file in its place, where that may be."""
    own = _block(argument, given)
    if not argument.opt.attach:
        return [own]
    label = f"… or as a file ({', '.join(argument.opt.attach)})"
    return [own, input_block(file_block(argument), label, file_element(argument), optional=True)]


def attached(op: Operation, values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    """The file objects that stand in place of arguments, by argument."""
    found: dict[str, Mapping[str, Any]] = {}
    for argument in arguments(op.args):
        entry = next(iter(values.get(file_block(argument), {}).values()), {}) if argument.opt.attach else {}
        if files := entry.get("files"):
            found[argument.name] = files[0]
    return found


def _field(field: Field, given: Any) -> Block:
    value = field.default if given is None else str(given)
    return input_block(
        field_block(field),
        field.label or field.key,
        field_element(field, value),
        hint=field.hint,
        optional=not field.required,
    )


def submitted(
    op: Operation,
    values: Mapping[str, Mapping[str, Mapping[str, Any]]],
    fields: Sequence[Field] = (),
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The arguments in `view.state.values`, as strings; what was left empty is absent.

    Of `given`, only what the form did not ask for is kept. Raises UsageError for a malformed KEY=value line.
    """
    asked = _asked(op, fields, given or {})
    names = {item.name for item in asked} | ({"fields"} if fields else set())
    kept = {name: value for name, value in (given or {}).items() if name not in names}
    read = {item.name: _read(item, _entry(values, item.name)) for item in asked}
    filled = {name: value for name, value in read.items() if value not in (None, "", [], {})}
    extra = {field.key: _chosen(field, _entry(values, field_block(field))) for field in fields}
    stated = {key: value for key, value in extra.items() if value.strip()}
    _complete(fields, stated)
    return kept | filled | ({"fields": stated} if stated else {})


def _complete(fields: Sequence[Field], stated: Mapping[str, str]) -> None:
    """Slack's clients refuse an empty required input, but not one of blanks."""
    missing = next((field for field in fields if field.required and field.key not in stated), None)
    if missing:
        raise UsageError("This step does not go on without it.", field=missing.key)


def _entry(values: Mapping[str, Mapping[str, Mapping[str, Any]]], block_id: str) -> list[str]:
    """What stands in one input: a text, the chosen option, or several."""
    state = next(iter(values.get(block_id, {}).values()), {})
    if "selected_options" in state:
        return [option["value"] for option in state["selected_options"] or []]
    if "selected_option" in state:
        return [state["selected_option"]["value"]] if state["selected_option"] else []
    return [state["value"]] if state.get("value") else []


def _read(argument: Argument, entry: list[str]) -> Any:
    if argument.kind == "bool":
        on = bool(entry)
        return None if on == is_on(argument.default) else str(on).lower()
    if argument.kind == "dict":
        return gathered(argument, [line for text in entry for line in text.splitlines() if line.strip()])
    if argument.kind == "list":
        return entry if argument.choices or argument.opt.suggest else gathered(argument, entry)
    return entry[0] if entry else None


def _chosen(field: Field, entry: list[str]) -> str:
    """A block step takes several choices as one text, a line each."""
    real = {f"option:{index}": value for index, (_, value) in enumerate(field.options)}
    return "\n".join(real.get(value, value) for value in entry)


def _ids(argument: Argument) -> list[str]:
    return [argument.name, file_block(argument)] if argument.opt.attach else [argument.name]


def errors(
    op: Operation, error: UsageError, fields: Sequence[Field] = (), given: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """`response_action: errors`: what is wrong, under its input, or under the first one."""
    asked = [id_ for item in _asked(op, fields, given or {}) for id_ in _ids(item)]
    own = [field_block(field) for field in fields]
    blocks = [*own, *asked] if op.fields else [*asked, *own]
    wanted = [error.field, f"fields.{error.field}"]
    block = next((block for block in blocks if block in wanted), blocks[0] if blocks else "nothing")
    hint = "" if error.hint.startswith("Usage:") else error.hint
    said = re.sub(r"`([^`]*)`", r"“\1”", f"{error.message} {hint}".strip())
    return {block: plain(said, _ERROR_LIMIT)["text"]}
