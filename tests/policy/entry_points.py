"""Every entry point where arguments become a call: text, mention, form, button, alias, `can` and links.

`NEW_BUILDS` start a build of a branch that the person names; `KNOWN_BUILDS` act on a build that Buildkite reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bot.execution.alias_rules import check_alias, parse_alias_request, split_alias
from bot.listeners.payload_shapes import ShortcutMessage
from bot.listeners.requests import find_build_url, read_spoken
from bot.operations.addresses import parse_buildkite_url
from bot.operations.arguments import read_arguments
from bot.operations.choices import make_button_choices
from bot.operations.forms import read_submission
from bot.operations.grammar import parse
from bot.operations.paging import split_page
from bot.operations.reply import Button, Call
from bot.operations.typed_text import quote
from bot.operations.validation import validate
from bot.slack.form_values import FormValues
from bot.slack.types import Thread
from commands import registry

OPERATIONS = registry()
THREAD = Thread("T1", "C1")
Given = Mapping[str, str]
FLAGS = {"branch": "-b", "commit": "-c"}


def parse_text(text: str) -> Call:
    """Read a command as it is typed after `/bk`."""
    return parse(text, OPERATIONS)


def write_flags(given: Given) -> str:
    """Write the branch and the commit as flags."""
    return " ".join(f"{flag} {quote(given[name])}" for name, flag in FLAGS.items() if name in given)


def write_create(given: Given) -> str:
    """Write the command that starts a build."""
    return f"build create {given['pipeline']} {write_flags(given)}"


def mention(text: str) -> Call:
    """Read a message that mentions the bot."""
    return parse_text(read_spoken(f"<@U0BOT|kitestring> {text}", "U0BOT", direct=False).text)


def submit_form(given: Given) -> Call:
    """Read the form of `build create` as Slack submits it: two menus, and a text for the commit."""
    values: dict[str, dict[str, dict[str, Any]]] = {
        name: {f"suggest:{name}": {"type": "external_select", "selected_option": {"value": given[name]}}}
        for name in ("pipeline", "branch")
    }
    values["commit"] = {"value": {"type": "plain_text_input", "value": given.get("commit")}}
    return Call(
        "build create", read_submission(OPERATIONS["build create"], msgspec.convert(values, FormValues)).args
    )


def submit_prefilled_form(given: Given) -> Call:
    """Read a form that opened with the arguments filled in, and whose menus are left untouched."""
    return submit_form(validate_text(write_create(given)))


def validate_text(text: str) -> dict[str, str]:
    """Return the validated arguments of a command, as a form shows them."""
    call = parse_text(text)
    args = validate(OPERATIONS[call.operation], call.args)
    return args.model_dump(mode="json", include={"pipeline", "branch", "commit"}, exclude_none=True)


def press_button(call: Call) -> Call:
    """Press a button of an answer: its call is stored as JSON under the button's id."""
    [choice] = make_button_choices([Button("Run", call)], THREAD, None).values()
    args, _page = split_page(json.loads(json.dumps(choice.args)))
    return Call(choice.operation, args)


def press_addressed_button(operation: str, value: str) -> Call:
    """Press a button of a preview or a home: its value is `pipeline#number`."""
    pipeline, _, number = value.partition("#")
    return Call(operation, {"pipeline": pipeline, "number": number})


def use_alias(expansion: str, more: str = "") -> Call:
    """Define the alias `ship`, and run it with more words."""
    request = parse_alias_request(f"ship = {expansion}")
    check_alias(request, OPERATIONS)
    found = split_alias(f"ship {more}", OPERATIONS)
    assert found is not None
    return parse_text(f"{request.expansion}{found[1]}")


def ask_can(text: str) -> Call:
    """Ask `can` about a command; the call that it judges is the one in its words."""
    question = parse_text(f"can {text}")
    op = OPERATIONS["can"]
    [words] = [argument.name for argument in read_arguments(op.args) if argument.opt.takes_rest]
    return parse_text(getattr(validate(op, question.args), words))


def use_message_shortcut(operation: str, url: str) -> Call:
    """Use the message shortcut on a message with a link to a build."""
    found = find_build_url(ShortcutMessage("1.0", blocks=[{"text": f"see <{url}|the build>"}]))
    assert found is not None
    return Call(operation, {"pipeline": found})


def share_link(operation: str, url: str) -> Call:
    """Share a link to a build: its address is shown below the message, with buttons for the build."""
    address = parse_buildkite_url(url)
    assert address is not None
    assert address.pipeline is not None
    assert address.number is not None
    return Call(operation, {"pipeline": address.pipeline, "number": address.number})


def format_link(pipeline: str) -> str:
    """Return the address of build 7."""
    return f"https://buildkite.com/acme-inc/{pipeline}/builds/7"


NEW_BUILDS: Mapping[str, Callable[[Given], Call]] = {
    "text": lambda given: parse_text(write_create(given)),
    "text with @": lambda given: parse_text(
        f"create {quote(given['pipeline'] + '@' + given['branch'])} "
        + write_flags({name: value for name, value in given.items() if name == "commit"})
    ),
    "mention": lambda given: mention(write_create(given)),
    "form": submit_form,
    "prefilled form": submit_prefilled_form,
    "button": lambda given: press_button(Call("build create", given)),
    "button of a parsed command": lambda given: press_button(parse_text(write_create(given))),
    "alias": lambda given: use_alias(write_create(given)),
    "alias with flags": lambda given: use_alias(f"build create {given['pipeline']}", write_flags(given)),
    "can": lambda given: ask_can(write_create(given)),
}
KNOWN_BUILDS: Mapping[str, Callable[[str, str], Call]] = {
    "text": lambda operation, pipeline: parse_text(f"{operation} -p {pipeline} -n 7"),
    "text with a link": lambda operation, pipeline: parse_text(f"{operation} -p <{format_link(pipeline)}>"),
    "mention": lambda operation, pipeline: mention(f"{operation} -p {pipeline}#7"),
    "card button": lambda operation, pipeline: press_button(Call(operation, {"pipeline": pipeline, "number": 7})),
    "home button": lambda operation, pipeline: press_addressed_button(operation, f"{pipeline}#7"),
    "alias": lambda operation, pipeline: use_alias(f"{operation} -p {pipeline}", "-n 7"),
    "can": lambda operation, pipeline: ask_can(f"{operation} -p {pipeline} -n 7"),
    "message shortcut": lambda operation, pipeline: use_message_shortcut(operation, format_link(pipeline)),
    "link preview": lambda operation, pipeline: share_link(operation, format_link(pipeline)),
}
