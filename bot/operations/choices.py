"""What buttons and forms stand for: rows that pin who may use them, and where they lead."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.operations.invocation import Choice, Invocation
from bot.operations.queries import find_choice, save_choice
from bot.operations.reply import Button
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store
from bot.store.vault import Vault


class Choices:
    """Choices are kept for as long as their message may be clicked."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock

    async def make(self, choices: Sequence[Choice]) -> None:
        """Write choices down, before anything that carries their ids is sent."""
        if not choices:
            return
        async with self._store.write() as tx:
            for choice in choices:
                await save_choice(tx, self._vault, choice, self._clock.now())

    async def find(self, choice_id: str) -> Choice | None:
        """What an id stands for."""
        async with self._store.read() as tx:
            return await find_choice(tx, self._vault, choice_id)


def repeat_choice(asked: Invocation, args: Mapping[str, Any], **more: Any) -> Choice:
    """The same operation again, by the same person in the same place, with other arguments."""
    operation = more.pop("operation", asked.operation)
    return Choice(new_choice_id(), operation, dict(args), asked.thread, asked.user, **more)


def choices_for_buttons(buttons: Sequence[Button], thread: Thread, user: str | None) -> dict[int, Choice]:
    """A choice for every button that calls something; in public anybody may press, and `user` is None."""
    return {
        index: Choice(
            new_choice_id(),
            button.call.operation,
            dict(button.call.args),
            thread,
            user,
            confirmed=button.call.yes,
            form=button.form,
        )
        for index, button in enumerate(buttons)
        if button.call is not None
    }


def button_values(choices: Mapping[int, Choice]) -> Callable[[int, Button], str]:
    """The values of the buttons that those choices stand for."""
    return lambda index, _button: choices[index].id if index in choices else ""


def new_choice_id() -> str:
    """Opaque, and not to be guessed; letters and digits only, so that it can be typed anywhere in a command."""
    return secrets.token_hex(12)
