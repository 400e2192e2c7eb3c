"""The registry of operations, which refuses those whose declaration leaves something open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from bot.operations.arguments import read_arguments
from bot.operations.declarations import require_declared
from bot.operations.operation import Effect, Operation
from bot.operations.token_scopes import TOKEN_SCOPES, TokenScope


def require_recoverable(op: Operation) -> None:
    """Raise TypeError if recovery couldn't find out whether it happened, or might repeat it in Buildkite."""
    if op.effect is Effect.CHANGES_BUILDKITE and op.repeatable:
        raise TypeError(f"{op.name}: only the bot's own state can be changed again; declare a probe instead")
    if op.effect is Effect.CHANGES_STATE and not op.repeatable and op.probe is None:
        raise TypeError(f"{op.name}: declare that it's repeatable, or a probe that finds out whether it happened")


def require_same_meaning(operations: Iterable[Operation]) -> None:
    """Raise TypeError for a short flag that stands for different things in different operations."""
    meanings: dict[str, set[str]] = {}
    for op in operations:
        for argument in read_arguments(op.args):
            if argument.opt.short:
                long = {flag for flag in argument.spellings if flag.startswith("--")}
                meanings[argument.opt.short] = meanings.get(argument.opt.short, long) & long
                if not meanings[argument.opt.short]:
                    raise TypeError(
                        f"{op.name}: `-{argument.opt.short}` means something else in another operation"
                    )


def require_distinct_results(operations: Iterable[Operation]) -> None:
    """Raise TypeError for two models of results with one name, by which programs know them."""
    models: dict[str, type] = {}
    for op in operations:
        if models.setdefault(op.result.__name__, op.result) is not op.result:
            raise TypeError(f"{op.name}: {op.result.__name__} is the name of another model of results, too")


class Registry:
    """All operations, by name. Raises TypeError for an operation whose declaration leaves something open."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = {op.name: op for op in sorted(operations, key=lambda op: op.name)}
        self._former = _index_names((name, op) for op in self for name in op.former)
        self._typed = _index_typed_names(self, self._former)
        for op in self:
            require_recoverable(op)
            require_declared(op.name, op.args.model_fields)
        require_same_meaning(self)
        require_distinct_results(self)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def find(self, name: str) -> Operation | None:
        """Return the operation with that full name (`agent pause`) or former name, or None.

        Buttons and rows of earlier releases have former names.
        """
        return self._operations.get(name) or self._former.get(name)

    def __getitem__(self, name: str) -> Operation:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def typed_names(self) -> Mapping[str, Operation]:
        """The operations by every name that may be typed: their own, former and further ones, and plurals."""
        return self._typed

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """All first words, each once."""
        return tuple(dict.fromkeys(op.noun for op in self))

    @cached_property
    def reserved_words(self) -> frozenset[str]:
        """First words that no alias replaces: nouns, verbs, and those of former names; further names give way."""
        former = {name.split(" ")[0] for name in self._former}
        return self.verbs.union(self.nouns, former)

    @cached_property
    def commands_by_scope(self) -> Mapping[TokenScope, tuple[str, ...]]:
        """The commands that need each scope of a Buildkite token, in Buildkite's order of scopes."""
        return {scope: tuple(op.name for op in self if scope in op.scopes) for scope in TOKEN_SCOPES}

    @cached_property
    def verbs(self) -> frozenset[str]:
        """All second words."""
        return frozenset(op.verb for op in self if op.verb)

    def find_by_noun(self, noun: str) -> tuple[Operation, ...]:
        """Return the operations of one noun."""
        return tuple(op for op in self if op.noun == noun)


def _index_names(names: Iterable[tuple[str, Operation]]) -> dict[str, Operation]:
    """Index operations by name. Raises TypeError for a name that two of them have."""
    index: dict[str, Operation] = {}
    for name, op in names:
        if index.setdefault(name, op) is not op:
            raise TypeError(f"`{name}` is a name of both `{index[name].name}` and `{op.name}`")
    return index


def _index_typed_names(registry: Registry, former: Mapping[str, Operation]) -> Mapping[str, Operation]:
    """Index what may be typed for each operation; where names clash, the operation's own name counts."""
    own = {op.name: op for op in registry}
    further = _index_names((name, op) for op in registry for name in op.also)
    clashes = sorted(further.keys() & (own.keys() | former.keys())) + sorted(own.keys() & former.keys())
    if clashes:
        raise TypeError(f"`{clashes[0]}` is declared twice")
    return {**_list_other_numbers({**further, **own}), **former, **further, **own}


def _list_other_numbers(names: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return names with their noun in the other number: `builds`, `builds view`, `artifact list`."""
    listed = {op.noun: op for op in names.values() if op.verb == "list"}
    other = {noun: noun.removesuffix("s") if noun.endswith("s") else f"{noun}s" for noun in listed}
    parts = [(*name.partition(" ")[::2], op) for name, op in names.items()]
    changed = {f"{other[noun]} {verb}": op for noun, verb, op in parts if noun in other and verb}
    return {**changed, **_list_plurals(names)}


def _list_plurals(names: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return names that mean a list without its verb: `builds`, `admin teams`, `admin team`."""
    listed = {name.removesuffix(" list"): op for name, op in names.items() if name.endswith(" list")}
    plurals = {noun if noun.endswith("s") else f"{noun}s": op for noun, op in listed.items()}
    return {**plurals, **{noun: op for noun, op in listed.items() if " " in noun}}
