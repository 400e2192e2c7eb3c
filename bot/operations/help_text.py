"""The manual, generated from the registry: the answers of `help` and the documentation's table of commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.errors import UsageError
from bot.operations.arguments import Argument, format_values
from bot.operations.help_results import HelpResult, describe_commands
from bot.operations.operation import Operation, Permission
from bot.operations.registry import Registry
from bot.operations.reply import Button, Call, Reply
from bot.operations.usage import format_usage, list_manual_arguments
from bot.operations.vocabulary import find_named, list_verbs
from bot.runtime.wording import join_or, quote_typed, suggest
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

_DEFAULT_GRANTEES = {
    Permission.HELP: "everyone but guests",
    Permission.READ: "members",
    Permission.LOGS: "members",
    Permission.BUILD: "members",
    Permission.AGENTS: "workspace admins",
    Permission.PIPELINES: "workspace admins",
    Permission.ADMIN: "workspace admins",
    Permission.COMMIT: "members",
    Permission.ENV: "members",
    Permission.ARTIFACTS: "members",
    Permission.APPROVE: "members",
    Permission.LOCK: "members",
}
IsAllowed = Callable[[Operation], bool]
ExplainRefusal = Callable[[Operation], str]


def explain_default_refusal(op: Operation) -> str:
    """Explain who may run an operation when there is no policy file."""
    return f"You can't run this here. It's for {_DEFAULT_GRANTEES[op.needs]}."


def render_help(
    registry: Registry,
    allowed: IsAllowed,
    noun: str,
    verb: str | None = None,
    command: str = "/bk",
    explain_refusal: ExplainRefusal = explain_default_refusal,
) -> Reply[HelpResult]:
    """Return one noun's commands that this person may run here, or one command in full.

    `explain_refusal` returns why the person may not run an operation that isn't `allowed`.

    Raises UsageError, with similar names, for an unknown command.
    """
    word = noun.strip().lower()
    if word in registry.nouns and not verb and registry.find(word) is None:
        return _render_noun(word, registry, allowed, command)
    op = _find_operation(word, verb or "", registry, command)
    reply = _render_operation(op, allowed, command, explain_refusal)
    others = [other for other in registry.find_by_noun(op.name) if other is not op and allowed(other)]
    return replace(reply, text=join_lines([reply.text, *_list_others(others, command)]))


def _list_others(operations: Iterable[Operation], command: str) -> list[Mrkdwn]:
    """Return a line for each command whose name begins with that of the explained one."""
    lines = [md("{usage} {summary}", usage=code(f"{command} {op.name}"), summary=op.summary) for op in operations]
    return [bold("See also"), *lines] if lines else []


def _find_operation(noun: str, verb: str, registry: Registry, command: str) -> Operation:
    found = find_named([noun, *verb.split()], registry)
    if found and isinstance(found.meaning, Operation) and not found.rest:
        return found.meaning
    if noun in registry.nouns:
        hint = suggest(verb, list_verbs(noun, registry)) or f"See `{command} help {noun}`."
        raise UsageError(f"`{noun}` has no `{quote_typed(verb)}`.", hint, "verb")
    hint = suggest(noun, registry.nouns) or f"See `{command} help`."
    raise UsageError(f"There's no command `{quote_typed(noun)}`.", hint, "noun")


def render_all_commands(registry: Registry, allowed: IsAllowed, command: str = "/bk") -> Reply[HelpResult]:
    """Return everything that this person may run here: the groups of commands, builds first, then the others."""
    allowed_operations = [op for op in registry if allowed(op)]
    if not allowed_operations:
        nothing = "There's nothing you can run here."
        return Reply(data=HelpResult(message=nothing), text=nothing, title="Kitestring")
    by_noun: dict[str, list[Operation]] = {}
    for op in allowed_operations:
        by_noun.setdefault(op.noun, []).append(op)
    groups = sorted((noun for noun in by_noun if len(by_noun[noun]) > 1), key=lambda noun: (noun != "build", noun))
    entries = [
        *(_summarise_group(noun, by_noun[noun], command) for noun in groups),
        *(_summarise_single(op, command) for noun in by_noun if noun not in groups for op in by_noun[noun]),
    ]
    return Reply(
        data=describe_commands(allowed_operations, command, "All commands"),
        text=join_lines(entries),
        title="All commands",
        footer=md("One command in full: {help}", help=code(f"{command} help build create")),
        buttons=tuple(_make_group_button(noun) for noun in groups),
    )


def _make_group_button(noun: str) -> Button:
    return Button(noun.capitalize(), Call("help", {"noun": noun}), spoken_label=f"Commands about {noun}")


def _summarise_group(noun: str, operations: list[Operation], command: str) -> Mrkdwn:
    """List a group's verbs; an operation without one is run by the noun alone, which needs no word of its own."""
    verbs = " · ".join(op.verb for op in operations if op.verb)
    return md("{noun} {verbs}", noun=code(f"{command} {noun}"), verbs=verbs)


def _summarise_single(op: Operation, command: str) -> Mrkdwn:
    return md("{usage} {summary}", usage=code(f"{command} {op.name}"), summary=op.summary)


def _render_noun(noun: str, registry: Registry, allowed: IsAllowed, command: str) -> Reply[HelpResult]:
    allowed_operations = [op for op in registry.find_by_noun(noun) if allowed(op)]
    if not allowed_operations:
        nothing = md("You can't run any {noun} command here.", noun=code(noun))
        return Reply(data=HelpResult(message=nothing), text=nothing)
    entries = [
        md("{usage}\n{summary}", usage=code(format_usage(op, command, most=3)), summary=op.summary)
        for op in allowed_operations
    ]
    return Reply(
        data=describe_commands(allowed_operations, command),
        text=join_lines(entries),
        title=noun.capitalize(),
        footer=md("More: {help}", help=code(f"{command} help {noun} <verb>")),
    )


def _render_operation(
    op: Operation, allowed: IsAllowed, command: str, explain_refusal: ExplainRefusal
) -> Reply[HelpResult]:
    parts = [
        md("{usage}", usage=code(format_usage(op, command, most=20))),
        op.summary,
        *map(_render_argument, list_manual_arguments(op)),
        join_lines([bold("Examples"), *(code(f"{command} {example}") for example in op.examples)])
        if op.examples
        else "",
    ]
    footer = _list_aliases(op) if allowed(op) else explain_refusal(op)
    data = describe_commands([op], command, "" if allowed(op) else footer)
    return Reply(data=data, text=join_lines(parts), title=op.name.capitalize(), footer=footer)


def _render_argument(argument: Argument) -> Mrkdwn:
    spelled = argument.placeholder if argument.opt.positional else ", ".join(reversed(argument.spellings[:2]))
    if argument.kind == "bool" and argument.default is True:
        spelled = f"--no-{argument.flag[2:]}"
    return md("• {name} {what}", name=code(spelled), what=_describe_argument(argument))


def _describe_argument(argument: Argument) -> str:
    """Return the argument's description, values and default."""
    takes = f": {join_or(argument.choices)}" if argument.choices else ""
    times = ", may be repeated" if argument.repeatable else ""
    plain = argument.default not in (None, "", (), [], {}, False, True)
    left_out = f" (default {', '.join(format_values(argument.default))})" if plain else ""
    return f"{argument.description}{takes}{times}{left_out}"


def _list_aliases(op: Operation) -> str:
    return f"Also: {join_or(op.also)}" if op.also else ""


def render_command_table(registry: Registry, command: str = "/bk") -> str:
    """Return a Markdown table of all commands: usage, summary, permission. Ends with a newline."""
    rows = [_format_row(op, command) for op in registry]
    return "\n".join(["| Command | What it does | Who may |", "| --- | --- | --- |", *rows]) + "\n"


def _format_row(op: Operation, command: str) -> str:
    cells = (f"`{format_usage(op, command, most=3)}`", op.summary, f"{_DEFAULT_GRANTEES[op.needs]} (`{op.needs}`)")
    return "| " + " | ".join(_format_cells(cells)) + " |"


def _format_cells(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.replace("|", "\\|").split()) for cell in cells]
