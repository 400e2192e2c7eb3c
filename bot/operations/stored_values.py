"""Invocations as rows hold them; their keys outlive the names of fields, so old rows stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import msgspec

from bot.operations.invocation import Flags, Invocation, Outcome, StoredAnswer
from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.blockkit.blocks import restore_message

# The keys of flags in stored rows, which outlive the names of the fields.
_FLAG_KEYS = {
    "confirmed": "yes",
    "direct": "dm",
    "page": "page",
    "public_page": "public",
    "replaces": "replace",
    "in_thread": "in_thread",
    "direct_only": "posted",
    "proposal": "approved",
    "invited": "invited",
    "token": "token",
}


def encode_args(invocation: Invocation) -> dict[str, object]:
    """Return what is stored, sealed, of an invocation's arguments and flags: only flags that are set."""
    set_flags = {_FLAG_KEYS[name]: value for name, value in asdict(invocation.flags).items() if value}
    applied = {"rule": invocation.rule, "assumed": invocation.assumed, "agent": invocation.agent}
    return {
        "args": dict(invocation.args),
        **set_flags,
        **{name: value for name, value in applied.items() if value},
    }


def decode_flags(stored: JsonObject) -> Flags:
    """Return the flags of a stored invocation."""
    return msgspec.convert({name: stored[key] for name, key in _FLAG_KEYS.items() if stored.get(key)}, Flags)


def encode_answer(answer: StoredAnswer) -> dict[str, object]:
    """Return what is stored of an answer."""
    outcome = {"outcome": asdict(answer.outcome)} if answer.outcome else {}
    return {**asdict(answer.message), "replace": answer.replaces, **outcome}


def decode_answer(stored: JsonObject) -> StoredAnswer:
    """Return a stored answer."""
    return StoredAnswer(
        restore_message(stored), bool(stored.get("replace")), _decode_outcome(stored.get("outcome"))
    )


def _decode_outcome(stored: JsonValue) -> Outcome | None:
    if not isinstance(stored, Mapping):
        return None
    result, problem = stored.get("result"), stored.get("problem")
    return Outcome(
        result if isinstance(result, Mapping) else None, problem if isinstance(problem, Mapping) else None
    )
