"""Hypothesis strategies for calls as any surface could make them: all values are strings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Operation
from bot.operations.reply import Call

CHANGED = "“”„‟‘’‚‛\u00a0\u202f\u2007\0"  # characters that normalising typed text always changes


def _plain_text() -> st.SearchStrategy[str]:
    letters = st.characters(exclude_characters=CHANGED, exclude_categories=["Cs", "Cc"])
    return st.one_of(
        st.text(letters, min_size=1, max_size=20).map(str.strip).filter(bool),
        st.sampled_from(
            ["-x", "--yes", "-5", "a b", "it's", '"', "a,b", "<@U1>", "—b", "&amp;", "K=V", "#1", "--"]
        ),
    )


def _values(argument: Argument) -> st.SearchStrategy[Any]:
    text = _plain_text()
    match argument.kind:
        case "bool":
            return st.sampled_from(["true", "false"])
        case "choice":
            return st.sampled_from(argument.choices)
        case "number":
            return st.integers(argument.low or -9, argument.high or 99).map(str)
        case "dict":
            keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
            return st.dictionaries(keys, st.one_of(text, st.just("")), min_size=1, max_size=3)
        case "list":
            item = st.sampled_from(argument.choices) if argument.choices else text
            return st.lists(item, min_size=1, max_size=3)
    return text


def calls(op: Operation) -> st.SearchStrategy[Call]:
    """Return a strategy for calls of an operation with its required arguments and some others."""
    declared = read_arguments(op.args)
    required = {item.name: _values(item) for item in declared if item.required}
    optional = {item.name: _values(item) for item in declared if not item.required}
    args = st.fixed_dictionaries(required, optional=optional)
    return st.builds(Call, st.just(op.name), args, st.booleans())
