"""Takes requests from Slack: understood, written down, and only then acknowledged; the rest runs afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.builds.cards.queries import find_card
from bot.builds.queries import find_build
from bot.errors import UsageError
from bot.execution.runner import Runner
from bot.listeners.form_handling import Forms
from bot.listeners.requests import Request
from bot.notifications.direct.model import read_stop_value
from bot.operations.choices import Choices, new_choice_id
from bot.operations.grammar import parse
from bot.operations.invocation import Choice
from bot.operations.operation import Effect
from bot.operations.paging import turned
from bot.operations.render import render_form_button, render_note, render_problem
from bot.operations.reply import Call
from bot.slack.blockkit.blocks import Message
from bot.store.transactions import Store


class Dispatcher:
    """Each method returns what is to be said at once and privately, or None; it raises Unavailable at most."""

    def __init__(self, store: Store, runner: Runner, made: Choices, forms: Forms) -> None:
        self._store = store
        self._runner = runner
        self._offers = made
        self._forms = forms
        self._registry = runner.shared.registry

    async def typed(self, request: Request, text: str) -> Message | None:
        """A slash command or a mention."""
        command, alias = self._runner.shared.command, ""
        try:
            aliases = self._runner.shared.aliases
            text, alias = await aliases.meant(request.thread.team, request.user, text, self._registry, command)
            call = parse(text, self._registry, command=command)
        except UsageError as error:
            return render_problem(_standing_for(error, alias, command))
        return await self.called(request, call)

    async def called(self, request: Request, call: Call) -> Message | None:
        """An operation: its form where it needs arguments and got none, else written down and begun."""
        op = self._registry[call.operation]
        if not op.form or call.args:
            await self.begin(request, call.operation, call.args, yes=call.yes)
            return None
        if request.trigger_id:
            self._runner.spawn(self._forms.open(request, op, {}))
            return None
        return await self._offer_form(request, call)

    async def pressed_card(self, request: Request, operation: str, card_id: str) -> Message | None:
        """A button of a card or of a reply below it; it acts on the card's build as it is now."""
        async with self._store.read() as tx:
            card = await find_card(tx, card_id)
            known = await find_build(tx, card.build_id) if card else None
        if card is None or known is None or card.thread.channel != request.thread.channel:
            return render_note("I do not know this card any more. Ask for the build again.")
        ref = known.build.ref
        job = (card.unfurl or {}).get("job")
        args = {"pipeline": ref.pipeline, "number": ref.number, **({"job": job} if job else {})}
        op = self._registry[operation]
        if op.fields and request.trigger_id:
            self._runner.spawn(self._forms.open(request, op, args))
        else:
            await self.begin(request, operation, args, yes=True)
        return None

    async def pressed_at(self, request: Request, operation: str, value: str) -> Message | None:
        """A button that says itself what it is about: `web`, `web#12`, or nothing that is to be said."""
        op = self._registry.find(operation)
        if op is None:
            return render_note("I do not know that button any more.")
        pipeline, _, number = value.partition("#")
        named = {"pipeline": pipeline, **({"number": number} if number else {})}
        args = named if "pipeline" in op.args.model_fields else {}
        if request.trigger_id and (op.fields or op.form):
            self._runner.spawn(self._forms.open(request, op, args))
        else:
            await self.begin(request, operation, args, yes=True)
        return None

    def anywhere(self, request: Request, operation: str) -> None:
        """Open the form of an operation for somebody who is in no conversation: it asks where the answer goes."""
        self._runner.spawn(self._forms.open(request, self._registry[operation], {}, placed=True))

    async def voted(self, request: Request, operation: str, proposal_id: str) -> None:
        """A button of a proposal's card; everybody's press is a word of their own."""
        named = replace(request, key=f"{request.key}:{request.user}")
        await self.begin(named, operation, {"proposal": proposal_id}, yes=True)

    async def stopped(self, request: Request, value: str) -> Message | None:
        """The button of a direct message that ends such messages: of the one who gets them, by that one alone."""
        words = read_stop_value(value, request.user)
        if words is None:
            return render_note("That button is somebody else's. Ask for yourself.")
        await self.begin(request, "notify", {"words": list(words)}, yes=True)
        return None

    async def pressed_choice(self, request: Request, choice_id: str) -> Message | None:
        """A button of an answer: what it stands for is in its row."""
        choice = await self._offers.find(choice_id)
        if choice is None:
            return render_note("That button is too old. Ask again.")
        if choice.user is not None and choice.user != request.user:
            return render_note("That button is somebody else's. Ask for yourself.")
        if not choice.operation:
            return render_note("All right, nothing was done.")
        op, (args, page) = self._registry[choice.operation], turned(choice.args)
        if choice.form and request.trigger_id:
            self._runner.spawn(self._forms.open(request, op, args))
            return None
        how = {"yes": choice.confirmed, "dm": choice.direct, "page": page, "public": page and choice.user is None}
        await self.begin(_named(request, choice), choice.operation, args, **how)
        return None

    async def submitted(self, body: Mapping[str, Any]) -> dict[str, str] | None:
        """A form that was sent: what is wrong with it, by block, or None."""
        return await self._forms.submitted(body, self.begin)

    async def begin(self, request: Request, operation: str, args: Mapping[str, Any], **how: int) -> None:
        """Write down what is asked for, and start it. Raises Unavailable."""
        asked = request.invocation(new_choice_id(), operation, args, **how)
        if self._registry[operation].effect is Effect.READ and request.via == "button":
            # Reading again is another wish; only what changes something must not happen twice.
            asked = replace(asked, key=f"read:{asked.id}")
        accepted = await self._runner.accept(asked)
        self._runner.start(asked, accepted)

    async def _offer_form(self, request: Request, call: Call) -> Message:
        """A mention cannot open a form by itself: a button can."""
        choice = Choice(new_choice_id(), call.operation, {}, request.thread, request.user, form=True)
        await self._offers.make([choice])
        return render_form_button(call.operation, choice.id)


def _named(request: Request, choice: Choice) -> Request:
    """Pressed twice, wherever it was drawn, a choice is one wish; in the place where it was offered, if any."""
    where = choice.thread if choice.thread.channel else request.thread
    return replace(request, key=f"choice:{choice.id}", thread=where)


def _standing_for(error: UsageError, alias: str, command: str) -> UsageError:
    """What is wrong may stand in an alias: then that is said."""
    if not alias:
        return error
    see = f"`{alias}` is an alias of yours: see `{command} alias {alias}`."
    return UsageError(error.message, f"{error.hint} {see}".strip(), error.field)
