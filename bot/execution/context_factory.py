"""Builds the context that an operation declares, each field by its type."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import NamedTuple

from bot.access.accounts.service import Accounts, BuildkiteAccess
from bot.buildkite.naming import MayName
from bot.buildkite.request_order import Purpose
from bot.buildkite.transport import PERSON_PATIENCE
from bot.errors import Refused
from bot.execution.context import Caller
from bot.operations.invocation import Invocation
from bot.operations.operation import A, C, Operation, Permission
from bot.slack.types import Actor


class _Source(NamedTuple):
    """The place where the value of a field is found: an attribute of a group, or with '' the group itself."""

    declared: object
    group: type
    attribute: str


class ContextFactory:
    """Builds contexts from groups of services: dataclasses whose annotations say what they provide.

    A field gets the value that is declared with the same type, or with a subclass of it: `builds: BuildCalls` gets
    the whole client, of which the operation then sees only the calls for builds.
    """

    def __init__(self, operations: Iterable[Operation], groups: Iterable[object]) -> None:
        """Plan every operation's context. Raises TypeError for a field without exactly one source."""
        provided = {type(group): group for group in groups}
        self._sources = [
            source for group in (Caller, BuildkiteAccess, *provided) for source in _read_sources(group)
        ]
        # An operation that handles other ones, such as `can`, builds their contexts itself.
        self._sources.append(_Source(ContextFactory, ContextFactory, ""))
        self._groups: Mapping[type, object] = {**provided, ContextFactory: self}
        self._plans = {op.context: self._plan(op) for op in operations}

    def build(self, op: Operation[A, C], caller: Caller, access: BuildkiteAccess) -> C:
        """Return the operation's context for this caller, with this access to Buildkite."""
        groups = {**self._groups, Caller: caller, BuildkiteAccess: access}
        values = {
            name: getattr(groups[source.group], source.attribute) if source.attribute else groups[source.group]
            for name, source in self._plans[op.context].items()
        }
        make: Callable[..., C] = op.context
        return make(**values)

    def _plan(self, op: Operation) -> dict[str, _Source]:
        if not is_dataclass(op.context):
            raise TypeError(f"{op.name}: its context {op.context.__name__} isn't a dataclass")
        hints = _read_types(op.context)
        return {field.name: self._find_source(op, field.name, hints[field.name]) for field in fields(op.context)}

    def _find_source(self, op: Operation, name: str, wanted: object) -> _Source:
        same = [source for source in self._sources if source.declared == wanted]
        found = same or [source for source in self._sources if _is_subclass(source.declared, wanted)]
        if len(found) != 1:
            count = "nothing provides" if not found else f"{len(found)} services provide"
            raise TypeError(f"{op.name}: {count} {op.context.__name__}.{name}, declared as {wanted}")
        return found[0]


class Contexts:
    """Builds the context of an invocation, with the access to Buildkite that its person has.

    `own_access` is the bot's own; `make_name_filter` limits the names that a person is shown; `command` is the
    slash command, for hints; `instance` marks this bot's builds.
    """

    def __init__(
        self,
        factory: ContextFactory,
        accounts: Accounts,
        own_access: BuildkiteAccess,
        make_name_filter: Callable[[Actor], MayName],
        command: str,
        instance: str,
    ) -> None:
        self._factory = factory
        self._accounts = accounts
        self.make_name_filter = make_name_filter
        self._command = command
        self._instance = instance
        self.own_access = own_access

    async def find_access(self, actor: Actor, op: Operation) -> BuildkiteAccess:
        """Return the person's own access to Buildkite where they have connected a token, else the bot's.

        Raises Refused where that token can't be read: the bot's token may do more, so it never replaces it. Only
        operations that don't use Buildkite continue, so that the person can replace or delete the token.
        """
        try:
            own = await self._accounts.find_access(actor.team, actor.id)
        except Refused:
            if op.needs is not Permission.HELP:
                raise
            own = None
        access = own or self.own_access
        if actor.limits is None:
            return access
        # People in Slack go ahead of programs.
        behind = access.buildkite.for_background(Purpose.PROGRAMS, patience=PERSON_PATIENCE)
        return replace(access, buildkite=behind)

    def build(self, op: Operation, invocation: Invocation, actor: Actor, access: BuildkiteAccess) -> object:
        """Return the context that the operation declares."""
        caller = Caller(
            actor,
            invocation.thread,
            invocation.id,
            self._command,
            self._instance,
            invocation.flags.page or 1,
            access.account,
        )
        bound = replace(access, catalog=access.catalog.for_person(self.make_name_filter(actor)))
        return self._factory.build(op, caller, bound)


def _read_sources(group: type) -> list[_Source]:
    if not is_dataclass(group):
        raise TypeError(f"{group.__name__} isn't a dataclass")
    hints = _read_types(group)
    return [_Source(group, group, ""), *(_Source(hints[field.name], group, field.name) for field in fields(group))]


@cache
def _read_types(declaring: type) -> Mapping[str, object]:
    """Return the types of a class's fields; resolving them takes most of the time of planning."""
    return typing.get_type_hints(declaring)


def _is_subclass(declared: object, wanted: object) -> bool:
    """Return whether a class derives from another; not `issubclass`, which protocols don't support."""
    return isinstance(declared, type) and wanted is not object and wanted in declared.__mro__
