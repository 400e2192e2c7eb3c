"""Rules for personal aliases: their syntax, valid names and allowed expansions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bot.errors import UsageError
from bot.operations.arguments import Argument, read_arguments
from bot.operations.command_masking import mask_command
from bot.operations.grammar import parse
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.operations.typed_text import normalise, quote_as_typed, split
from bot.operations.vocabulary import list_first_words
from bot.runtime.wording import quote_word

ALIASES_LIMIT = 50
EXPANSION_LIMIT = 300
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")
_FIRST_WORD = re.compile(r"\s*(\S+)(.*)", re.DOTALL)
_YES = frozenset({"--yes", "-y"})
_ALIAS_COMMANDS = frozenset({"alias", "unalias"})


class AliasRequest(NamedTuple):
    """A request about an alias: an empty `expansion` asks to show it."""

    name: str
    expansion: str = ""
    remove: bool = False


def parse_alias_request(text: str) -> AliasRequest:
    """Parse `ship = build create web`, `ship`, or `--remove ship`. Raises UsageError for anything else."""
    words = split(normalise(text))
    if words and words[0] in {"--remove", "--rm", "--delete"}:
        return AliasRequest(_read_single_name(words[1:]), remove=True)
    head, equals, tail = (words[0] if words else "").partition("=")
    rest = [*([tail] if tail else []), *words[1:]]
    if not equals and rest and rest[0].startswith("="):
        equals, rest = "=", [*([rest[0][1:]] if rest[0] != "=" else []), *rest[1:]]
    if equals and not rest:
        raise UsageError(f"`{quote_word(head)}` needs a command after the `=`.", _suggest_form(head))
    if not equals:
        return AliasRequest(_read_single_name(words))
    return AliasRequest(head.lower(), " ".join(map(quote_as_typed, rest)))


def _read_single_name(words: list[str]) -> str:
    if len(words) != 1:
        name = words[0] if words else "ship"
        raise UsageError("An alias is one word, then `=`, then a command.", _suggest_form(name))
    return words[0].lower()


def _suggest_form(name: str) -> str:
    return f"Write it like `alias {quote_word(name)} = build create web -b main`."


def check_alias(request: AliasRequest, registry: Registry, command: str = "/bk") -> Call:
    """Check a new alias and return the call that it makes now.

    Raises UsageError, quoting what is wrong: the name is invalid or a command, the expansion isn't a command, or
    it holds what an alias may not (a confirmation, values of secret arguments).
    """
    if not _NAME.fullmatch(request.name):
        hint = "Use a letter, then up to 29 letters, digits, `-` or `_`."
        raise UsageError(f"`{quote_word(request.name)}` can't be the name of an alias.", hint)
    if request.name in list_first_words(registry) or request.name == command.lstrip("/"):
        raise UsageError(f"`{request.name}` is already a command.", "Choose another name.")
    if len(request.expansion) > EXPANSION_LIMIT:
        raise UsageError(f"That's {len(request.expansion)} characters. The limit is {EXPANSION_LIMIT}.")
    words = split(normalise(request.expansion))
    if words[0].lower() in _ALIAS_COMMANDS:
        raise UsageError(f"`{quote_word(words[0])}` can't be used in an alias.")
    call = parse(request.expansion, registry, command=command)
    if call.confirmed or _YES & set(words):
        raise UsageError("`--yes` can't be part of an alias: you confirm each time.")
    if secret := _find_secret(call, registry, command):
        hint = "Type them after the alias each time."
        kind = "environment variables" if secret.opt.target == "env" else "values of"
        flag = f"(`{secret.short_flag}`)" if secret.opt.target == "env" else f"`{secret.flag}`"
        raise UsageError(f"An alias can't contain {kind} {flag}, because they may be secret.", hint)
    return call


def _find_secret(call: Call, registry: Registry, command: str) -> Argument | None:
    """Return the first secret argument that a call sets, even inside a command that is an argument."""
    given = [
        argument
        for argument in read_arguments(registry[call.operation].args)
        if call.args.get(argument.name) not in (None, {}, "")
    ]
    inner = [str(call.args[argument.name]) for argument in given if argument.opt.takes_rest]
    nested = (_find_secret(parse(text, registry, command=command), registry, command) for text in inner)
    return next((argument for argument in given if argument.opt.secret), None) or next(filter(None, nested), None)


def split_alias(text: str, registry: Registry, command: str = "/bk") -> tuple[str, str] | None:
    """Split off the first word if it may be an alias, with the rest as typed; None for a command."""
    found = _FIRST_WORD.match(text)
    if found and found[1].lower() in {command, command.lstrip("/")}:
        found = _FIRST_WORD.match(found[2])
    if not found or not _NAME.fullmatch(found[1].lower()) or found[1].lower() in registry.reserved_words:
        return None
    return found[1].lower(), found[2]


def format_expansion(expansion: str, registry: Registry) -> str:
    """Return an expansion as typed; one that was saved before secrets were refused may hold some."""
    return mask_command(expansion, registry)


def sort_aliases(expansions: Mapping[str, str], registry: Registry) -> tuple[tuple[str, str], ...]:
    """Return (alias, expansion as typed), sorted by alias."""
    return tuple((name, format_expansion(expansions[name], registry)) for name in sorted(expansions))
