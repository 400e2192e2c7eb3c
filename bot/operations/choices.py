"""Choices: rows behind buttons and forms that fix who may use them and what they do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

from bot.operations.invocation import Choice, Invocation
from bot.operations.queries import find_choice, save_choice
from bot.operations.reply import Button
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.slack.types import Thread
from bot.store.transactions import Store
from bot.store.vault import Vault


class Choices:
    """Saves choices and finds them again when their button is pressed."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock

    async def save(self, choices: Sequence[Choice]) -> None:
        """Save choices; call this before anything that carries their ids is sent."""
        if not choices:
            return
        async with self._store.write() as tx:
            for choice in choices:
                await save_choice(tx, self._vault, choice, self._clock.now())

    async def find(self, choice_id: str) -> Choice | None:
        """Return the choice with an id, or None."""
        async with self._store.read() as tx:
            return await find_choice(tx, self._vault, choice_id)


def make_repeat_choice(
    invocation: Invocation,
    args: JsonObject,
    *,
    operation: str | None = None,
    confirmed: bool = False,
    form: bool = False,
    direct: bool = False,
) -> Choice:
    """Return a choice of the same person and thread; `operation` replaces the invocation's own."""
    name = invocation.operation if operation is None else operation
    thread, user = invocation.thread, invocation.user
    return Choice(make_choice_id(), name, args, thread, user, confirmed=confirmed, form=form, direct=direct)


def make_button_choices(buttons: Sequence[Button], thread: Thread, user: str | None) -> dict[int, Choice]:
    """Return a choice for every button with a call, by index; `user` is None where everyone may press it."""
    return {
        index: Choice(
            make_choice_id(),
            button.call.operation,
            dict(button.call.args),
            thread,
            user,
            confirmed=button.call.confirmed,
            form=button.form,
        )
        for index, button in enumerate(buttons)
        if button.call is not None
    }


def make_button_values(choices: Mapping[int, Choice]) -> Callable[[int, Button], str]:
    """Return a function that gives each button the id of its choice."""
    return lambda index, _button: choices[index].id if index in choices else ""


def make_choice_id() -> str:
    """Return an opaque id that can't be guessed; letters and digits only, so it can be typed in any command."""
    return secrets.token_hex(12)
