"""Contexts: each operation gets what it declares."""

from dataclasses import dataclass, fields, replace

import pytest

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.agents import AgentCalls
from bot.execution.context import Caller
from bot.execution.context_factory import ContextFactory
from bot.runtime.clock import Clock
from bot.store.vault import Vault
from tests.commands.conftest import Bench


@dataclass(frozen=True)
class NarrowContext:
    """A context of three sources: the caller, the person's access to Buildkite, and the bot's services."""

    caller: Caller
    agents: AgentCalls
    clock: Clock


@dataclass(frozen=True)
class UnknownContext:
    """A context with a field that nothing provides."""

    vault: Vault


def test_a_field_gets_the_value_of_its_type(bench: Bench) -> None:
    """Each field gets the value declared with its type or a subclass."""
    op = replace(bench.registry["agent list"], context=NarrowContext)
    assert bench.build_context(op) == NarrowContext(bench.caller, bench.access.buildkite, bench.clock)


def test_a_person_with_a_token_gets_their_own_client(bench: Bench) -> None:
    """The access of the call decides which client a context has."""
    op = replace(bench.registry["agent list"], context=NarrowContext)
    factory = ContextFactory([op], bench.services)
    own = Buildkite("bkua_own", "acme")
    assert factory.build(op, bench.caller, replace(bench.access, buildkite=own)).agents is own


def test_a_field_that_nothing_provides_stops_the_start(bench: Bench) -> None:
    """The error names the operation, the field and its type."""
    op = replace(bench.registry["agent list"], context=UnknownContext)
    with pytest.raises(TypeError, match=r"agent list: nothing provides UnknownContext.vault, declared as .*Vault"):
        ContextFactory([op], bench.services)


def test_a_context_that_is_no_dataclass_stops_the_start(bench: Bench) -> None:
    """The error names the operation and the class."""
    with pytest.raises(TypeError, match="agent list: its context Vault isn't a dataclass"):
        ContextFactory([replace(bench.registry["agent list"], context=Vault)], bench.services)


def test_a_field_with_several_sources_stops_the_start(bench: Bench) -> None:
    """A type that two groups declare doesn't say which value is meant."""
    op = replace(bench.registry["agent list"], context=NarrowContext)
    second = NarrowContext(bench.caller, bench.access.buildkite, bench.clock)
    with pytest.raises(TypeError, match="2 services provide NarrowContext"):
        ContextFactory([op], [*bench.services, second])


def test_every_context_is_narrow_and_frozen(bench: Bench) -> None:
    """No operation gets more than eight things, and none of them can be replaced."""
    contexts = {op.context for op in bench.registry}
    assert {context.__name__ for context in contexts if len(fields(context)) > 8} == set()
    assert {context.__name__ for context in contexts if not context.__dataclass_params__.frozen} == set()


def test_every_operation_gets_its_context(bench: Bench) -> None:
    """Something provides each field of each operation's context."""
    for op in bench.registry:
        assert type(bench.build_context(op)) is op.context
