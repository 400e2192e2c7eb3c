"""An operation's arguments as a modal, and a submitted modal as arguments.

https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.errors import UsageError
from bot.operations.arguments import Argument, parse_values, read_arguments
from bot.operations.form_inputs import (
    is_switched_on,
    make_field_id,
    make_file_id,
    render_field_input,
    render_file_input,
    render_input,
)
from bot.operations.operation import FormField, Operation
from bot.runtime.json_types import JsonObject, JsonValue
from bot.runtime.wording import join_and
from bot.slack.blockkit.blocks import Block, View, context, flatten_text, input_block, plain_text, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, md
from bot.slack.form_values import AttachedFile, FormValues, find_entry

DESTINATION = "place"
TITLE_LIMIT = 24
_ERROR_LIMIT = 500


def render_form(
    op: Operation,
    given: JsonObject,
    *,
    callback_id: str,
    private_metadata: str,
    fields: Sequence[FormField] = (),
    title: str | None = None,
    place: str | None = None,
) -> View:
    """Return the modal for an operation's arguments, filled with the given values and the defaults.

    A block's id is its argument's name, `fields.<key>` for the inputs of a block step (`fields`). With `place`, a
    conversation, it also asks where the answer goes.
    """
    blocks = [
        block
        for argument in _list_inputs(op, fields, given)
        for block in _render_blocks(argument, given.get(argument.name))
    ]
    known = extra if isinstance(extra := given.get("fields"), Mapping) else {}
    blocks += [_render_field(field, known.get(field.key)) for field in fields]
    submit = op.button_label
    empty = section(
        md("There's nothing to fill in. Press {submit} to continue.", submit=bold(submit)), block_id="nothing"
    )
    inputs = [*(blocks or [empty]), *([_render_destination(place)] if place else [])]
    view = _render_modal(title or op.title, [*_render_intro(op, given), *inputs])
    return {
        **view,
        "callback_id": callback_id[:255],
        "private_metadata": private_metadata[:3000],
        "submit": plain_text(submit, TITLE_LIMIT),
    }


def _render_intro(op: Operation, given: JsonObject) -> list[Block]:
    """Return the form's introduction, or the build that it is about."""
    preface = [context(op.form_intro, block_id="preface")] if op.form_intro else []
    if not op.looks_up_form or not (given.get("pipeline") and given.get("number")):
        return preface
    return [context(f"{given['pipeline']}#{given['number']}", block_id="about"), *preface]


def _render_destination(chosen: str) -> Block:
    """Return the menu of conversations, without shared channels; the choice is checked on submission."""
    menu: Block = {
        "type": "conversations_select",
        "action_id": DESTINATION,
        "initial_conversation": chosen,
        "filter": {"include": ["public", "private", "im"], "exclude_external_shared_channels": True},
    }
    return input_block(
        DESTINATION,
        "Where to post its card",
        menu,
        hint="A channel we are both in, or your direct messages with the bot.",
    )


def read_destination(values: FormValues) -> str | None:
    """Return the conversation that was chosen, or None."""
    return find_entry(values, DESTINATION).selected_conversation or None


def render_loading_view(title: str) -> View:
    """Return the modal to show at once while the form is built: a `trigger_id` lives three seconds."""
    return _render_modal(title, [section(Mrkdwn("⏳ One moment…"), block_id="loading")])


def render_notice_view(title: str, text: str) -> View:
    """Return a modal with only a text, such as why there is no form."""
    return _render_modal(title, [section(text, block_id="said")], close="Close")


def _render_modal(title: str, blocks: Sequence[Block], close: str = "Never mind") -> View:
    return {
        "type": "modal",
        "title": plain_text(title, TITLE_LIMIT),
        "close": plain_text(close, TITLE_LIMIT),
        "blocks": list(blocks)[:100],
    }


def _list_inputs(op: Operation, fields: Sequence[FormField], given: JsonObject) -> list[Argument]:
    """Return the arguments that the form asks for; a block step's own inputs replace `fields`.

    An operation with inputs known only at run time has already looked up its job, so the form doesn't ask for it,
    nor does a form that is prefilled ask for the subject that it's prefilled from.
    """
    shown = [
        argument
        for argument in read_arguments(op.args)
        if argument.opt.in_form
        and not (fields and argument.name == "fields")
        and not (op.prefill and argument.opt.positional and given.get(argument.name) is not None)
    ]
    return [argument for argument in shown if op.load_fields is None or given.get(argument.name) is None]


def _render_argument(argument: Argument, given: object) -> Block:
    value = argument.default if given is None else given
    drawn = render_input(argument, value)
    hint = argument.opt.hint or ("One KEY=value per line." if argument.kind == "dict" else None)
    shows_hint = "placeholder" in drawn and "initial_value" not in drawn and drawn["type"] == "plain_text_input"
    optional = not argument.required or argument.kind == "bool"
    return input_block(
        argument.name,
        argument.description,
        drawn,
        hint=None if shows_hint else hint,  # an empty input already shows it as its placeholder
        optional=optional,
    )


def _render_blocks(argument: Argument, given: object) -> list[Block]:
    """Return the argument's input, and below it a file input where a file may replace it."""
    own = _render_argument(argument, given)
    if not argument.opt.file_types:
        return [own]
    label = f"… or as a file ({', '.join(argument.opt.file_types)})"
    return [own, input_block(make_file_id(argument), label, render_file_input(argument), optional=True)]


def read_attachments(op: Operation, values: FormValues) -> dict[str, AttachedFile]:
    """Return the files that replace arguments, by argument."""
    replaceable = [argument for argument in read_arguments(op.args) if argument.opt.file_types]
    attached = {argument.name: find_entry(values, make_file_id(argument)).files for argument in replaceable}
    return {name: files[0] for name, files in attached.items() if files}


def _render_field(field: FormField, given: object) -> Block:
    value = field.default if given is None else str(given)
    return input_block(
        make_field_id(field),
        field.label or field.key,
        render_field_input(field, value),
        hint=field.hint,
        optional=not field.required,
    )


class Submission(NamedTuple):
    """The arguments of a submitted form as strings, without those left empty, and what is malformed."""

    args: dict[str, JsonValue]
    mistakes: tuple[UsageError, ...] = ()


def read_submission(
    op: Operation,
    values: FormValues,
    fields: Sequence[FormField] = (),
    given: JsonObject | None = None,
) -> Submission:
    """Return the arguments in `view.state.values`; `given` adds only those that the form didn't ask for."""
    inputs = _list_inputs(op, fields, given or {})
    names = {argument.name for argument in inputs} | ({"fields"} if fields else set())
    kept = {name: value for name, value in (given or {}).items() if name not in names}
    texts = [(argument, find_entry(values, argument.name).texts) for argument in inputs]
    found = [_find_malformed_lines(argument, entry) for argument, entry in texts]
    malformed = [mistake for mistake in found if mistake]
    wrong = {mistake.field for mistake in malformed}
    read = {
        argument.name: _read_argument(argument, entry) for argument, entry in texts if argument.name not in wrong
    }
    filled = {name: value for name, value in read.items() if value not in (None, "", [], {})}
    extra = {field.key: _read_choices(field, find_entry(values, make_field_id(field)).texts) for field in fields}
    stated = {key: value for key, value in extra.items() if value.strip()}
    args = kept | filled | ({"fields": stated} if stated else {})
    return Submission(args, (*malformed, *_list_unanswered(fields, stated)))


def _list_unanswered(fields: Sequence[FormField], stated: Mapping[str, str]) -> list[UsageError]:
    """Return the required fields without an answer: Slack's clients refuse an empty one, but not one of blanks."""
    return [
        UsageError("This step needs an answer.", field=field.key)
        for field in fields
        if field.required and field.key not in stated
    ]


def _find_malformed_lines(argument: Argument, entry: Sequence[str]) -> UsageError | None:
    """Return which lines of KEY=value pairs aren't; they aren't quoted, because they may be mistyped secrets."""
    if argument.kind != "dict":
        return None
    numbers = [str(number) for number, line in enumerate(_split_lines(entry), 1) if not _is_pair(argument, line)]
    if not numbers:
        return None
    lines = f"line {numbers[0]}" if len(numbers) == 1 else f"lines {join_and(numbers)}"
    return UsageError(f"{argument.description}, {lines}: write KEY=value, one per line.", field=argument.name)


def _is_pair(argument: Argument, line: str) -> bool:
    """Return whether a line holds pairs, or nothing."""
    try:
        return not line.strip() or bool(parse_values(argument, [line]))
    except UsageError:
        return False


def _split_lines(entry: Sequence[str]) -> list[str]:
    return [line for text in entry for line in text.splitlines()]


def _read_argument(argument: Argument, entry: list[str]) -> JsonValue:
    if argument.kind == "bool":
        on = bool(entry)
        return None if on == is_switched_on(argument.default) else str(on).lower()
    if argument.kind == "dict":
        return parse_values(argument, [line for line in _split_lines(entry) if line.strip()])
    if argument.kind == "list":
        return entry if argument.choices or argument.opt.suggest else parse_values(argument, entry)
    return entry[0] if entry else None


def _read_choices(field: FormField, entry: list[str]) -> str:
    """Join several choices to one text with a line each, as block steps take them."""
    real = {f"option:{index}": value for index, (_, value) in enumerate(field.options)}
    return "\n".join(real.get(value, value) for value in entry)


def _list_block_ids(argument: Argument) -> list[str]:
    return [argument.name, make_file_id(argument)] if argument.opt.file_types else [argument.name]


def render_errors(
    op: Operation,
    mistakes: Sequence[UsageError],
    fields: Sequence[FormField] = (),
    given: JsonObject | None = None,
) -> dict[str, str]:
    """Return Slack's `errors` of a submission: each message under its input, or under the first one."""
    ids = [id_ for argument in _list_inputs(op, fields, given or {}) for id_ in _list_block_ids(argument)]
    own = [make_field_id(field) for field in fields]
    blocks = [*own, *ids] if op.load_fields else [*ids, *own]
    texts: dict[str, list[str]] = {}
    for mistake in mistakes:
        wanted = [mistake.field, f"fields.{mistake.field}"]
        block = next((block for block in blocks if block in wanted), blocks[0] if blocks else "nothing")
        texts.setdefault(block, []).append(_format_mistake(mistake))
    return {block: flatten_text(" ".join(found), _ERROR_LIMIT) for block, found in texts.items()}


def _format_mistake(mistake: UsageError) -> str:
    hint = "" if mistake.hint.startswith("Usage:") else mistake.hint
    return re.sub(r"`([^`]*)`", r"“\1”", f"{mistake.message} {hint}".strip())
