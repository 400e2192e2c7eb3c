"""The manual, written from the registry: what help answers, and the README's table of commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.errors import UsageError
from bot.operations.arguments import Argument
from bot.operations.operation import Operation, Permission, Registry
from bot.operations.reply import Reply
from bot.operations.usage import in_manual, usage
from bot.operations.vocabulary import NOUN_ALIASES, VERB_ALIASES
from bot.runtime.wording import join_or, quote_word, suggest
from bot.slack.blockkit.blocks import lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

_WHO = {
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
Allowed = Callable[[Operation], bool]
Refused = Callable[[Operation], str]


def by_default(op: Operation) -> str:
    """Why somebody may not run it, where there is no policy file."""
    return f"You may not run this here: it is for {_WHO[op.needs]}."


def help_reply(
    registry: Registry,
    allowed: Allowed,
    noun: str | None = None,
    verb: str | None = None,
    command: str = "/bk",
    refused: Refused = by_default,
) -> Reply:
    """Everything this person may run here, one noun's commands, or one command in full.

    `refused` says why they may not run one that is not `allowed`.

    Raises UsageError, with what is near, for a command that there is not.
    """
    if not noun:
        return _overview(registry, allowed, command)
    known, single = _known_noun(noun, registry, command), registry.find(_lowered(noun))
    if verb:
        return _one(_known_verb(known, verb, registry, command), allowed, command, refused)
    if single and len(registry.of(known)) == 1:
        return _one(single, allowed, command, refused)
    return _noun(known, registry, allowed, command)


def _lowered(word: str) -> str:
    lowered = word.strip().lower()
    return NOUN_ALIASES.get(lowered, lowered)


def _known_noun(word: str, registry: Registry, command: str) -> str:
    noun = _lowered(word)
    if noun in registry.nouns:
        return noun
    hint = suggest(noun, registry.nouns) or f"See `{command} help`."
    raise UsageError(f"I don't know `{quote_word(word)}`.", hint, "noun")


def _known_verb(noun: str, word: str, registry: Registry, command: str) -> Operation:
    verb = word.strip().lower()
    found = registry.find(f"{noun} {verb}") or registry.find(f"{noun} {VERB_ALIASES.get(verb, verb)}")
    if found:
        return found
    verbs = [op.verb for op in registry.of(noun) if op.verb]
    hint = suggest(verb, verbs) or f"See `{command} help {noun}`."
    raise UsageError(f"`{noun}` has no `{quote_word(word)}`.", hint, "verb")


def _overview(registry: Registry, allowed: Allowed, command: str) -> Reply:
    mine = [op for op in registry if allowed(op)]
    if not mine:
        return Reply(text="There is nothing that you may run here.", title="Kitestring")
    nouns = dict.fromkeys(op.noun for op in mine)
    said = [_summary_of(noun, [op for op in mine if op.noun == noun], command) for noun in nouns]
    more = md(
        "More: {help}, or the same words after a mention of me, in threads too.",
        help=code(f"{command} help <noun> <verb>"),
    )
    return Reply(text=lines(said), title="What you can run here", footer=more)


def _summary_of(noun: str, operations: list[Operation], command: str) -> Mrkdwn:
    if len(operations) == 1:
        return md(
            "{usage} {summary}", usage=code(f"{command} {operations[0].name}"), summary=operations[0].summary
        )
    return md(
        "{noun} {verbs}", noun=code(f"{command} {noun}"), verbs=" · ".join(op.verb or "alone" for op in operations)
    )


def _noun(noun: str, registry: Registry, allowed: Allowed, command: str) -> Reply:
    mine = [op for op in registry.of(noun) if allowed(op)]
    if not mine:
        return Reply(text=md("You may not run any of {noun} here.", noun=code(noun)))
    said = [md("{usage}\n{summary}", usage=code(usage(op, command, most=3)), summary=op.summary) for op in mine]
    return Reply(
        text=lines(said),
        title=noun.capitalize(),
        footer=md("More: {help}", help=code(f"{command} help {noun} <verb>")),
    )


def _one(op: Operation, allowed: Allowed, command: str, refused: Refused) -> Reply:
    parts = [
        md("{usage}", usage=code(usage(op, command, most=20))),
        op.summary,
        *map(_explained, in_manual(op)),
        lines([bold("Examples"), *(code(f"{command} {example}") for example in op.examples)])
        if op.examples
        else "",
    ]
    footer = _aliases(op) if allowed(op) else refused(op)
    return Reply(text=lines(parts), title=op.name.capitalize(), footer=footer)


def _explained(argument: Argument) -> Mrkdwn:
    spelled = argument.word if argument.opt.positional else ", ".join(reversed(argument.spellings[:2]))
    if argument.kind == "bool" and argument.default is True:
        spelled = f"--no-{argument.flag[2:]}"
    return md("• {name} {what}", name=code(spelled), what=_what(argument))


def _what(argument: Argument) -> str:
    """The description, what it takes, and what it is when left out."""
    takes = f": {join_or(argument.choices)}" if argument.choices else ""
    times = ", may be repeated" if argument.several else ""
    plain = argument.default not in (None, "", (), [], {}, False, True)
    left_out = f" (default {argument.default})" if plain else ""
    return f"{argument.description}{takes}{times}{left_out}"


def _aliases(op: Operation) -> str:
    names = [alias for alias, verb in VERB_ALIASES.items() if verb == op.verb]
    return f"Also: {join_or([f'{op.noun} {name}' for name in names])}" if names else ""


def command_table(registry: Registry, command: str = "/bk") -> str:
    """The README's table: command, what it does, who may; ends with a newline."""
    rows = [_row(op, command) for op in registry]
    return "\n".join(["| Command | What it does | Who may |", "| --- | --- | --- |", *rows]) + "\n"


def _row(op: Operation, command: str) -> str:
    cells = (f"`{usage(op, command, most=3)}`", op.summary, f"{_WHO[op.needs]} (`{op.needs}`)")
    return "| " + " | ".join(_cells(cells)) + " |"


def _cells(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.replace("|", "\\|").split()) for cell in cells]
