"""What buttons and forms stand for: rows that pin who may use them, and where they lead."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.clock import Clock
from bot.core.operation import Button
from bot.model import Choice, Invocation, Thread
from bot.store import invocations
from bot.store.store import Store
from bot.store.vault import Vault


class Offers:
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
                await invocations.offer(tx, self._vault, choice, self._clock.now())

    async def find(self, choice_id: str) -> Choice | None:
        """What an id stands for."""
        async with self._store.read() as tx:
            return await invocations.choice(tx, self._vault, choice_id)


def choice(asked: Invocation, args: Mapping[str, Any], **more: Any) -> Choice:
    """The same operation again, by the same person in the same place, with other arguments."""
    operation = more.pop("operation", asked.operation)
    return Choice(new_id(), operation, dict(args), asked.thread, asked.user, **more)


def of_buttons(buttons: Sequence[Button], thread: Thread, user: str | None) -> dict[int, Choice]:
    """A choice for every button that calls something; in public anybody may press, and `user` is None."""
    return {
        index: Choice(
            new_id(),
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


def values(choices: Mapping[int, Choice]) -> Callable[[int, Button], str]:
    """The values of the buttons that those choices stand for."""
    return lambda index, _button: choices[index].id if index in choices else ""


def new_id() -> str:
    """Opaque, and not to be guessed; letters and digits only, so that it can be typed anywhere in a command."""
    return secrets.token_hex(12)
