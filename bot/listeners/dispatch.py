"""Dispatches requests from Slack: parses and stores each before it is acknowledged, and runs it afterwards."""

from __future__ import annotations

from dataclasses import replace

from bot.builds.cards.queries import find_card
from bot.builds.queries import find_build
from bot.errors import UsageError
from bot.execution.background import BackgroundTasks
from bot.execution.endings import BOT_NAME
from bot.execution.parsing import NearMiss
from bot.execution.procedure import Procedure
from bot.listeners.form_handling import FormHandler, SubmissionAnswer
from bot.listeners.payload_shapes import SubmissionPayload
from bot.notifications.direct.model import read_stop_value
from bot.operations.arguments import lacks_input
from bot.operations.choices import Choices, make_choice_id
from bot.operations.corrections import may_be_offered
from bot.operations.invocation import Choice, Request
from bot.operations.operation import Effect
from bot.operations.paging import split_page
from bot.operations.registry import Registry
from bot.operations.render import render_form_button, render_note, render_offer, render_problem
from bot.operations.reply import Call
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from bot.store.transactions import Store


class Dispatcher:
    """Each method returns an immediate private answer, or None; it raises nothing but Unavailable."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        procedure: Procedure,
        choices: Choices,
        forms: FormHandler,
        background: BackgroundTasks,
    ) -> None:
        self._store = store
        self._registry = registry
        self._procedure = procedure
        self._choices = choices
        self._forms = forms
        self._background = background

    async def run_text(self, request: Request, text: str) -> Message | None:
        """Run the text of a slash command or a mention."""
        try:
            call = await self._procedure.parse(request, text)
        except NearMiss as error:
            return await self._correct(request, error)
        except UsageError as error:
            return render_problem(error)
        answer = await self.run_call(request, call)
        return answer or (render_note(call.advice) if call.advice else None)

    async def run_overheard(self, request: Request, text: str) -> Message | None:
        """Run what reads as a command in talk between people; what changes something is only offered."""
        try:
            call = await self._procedure.parse(request, text, overheard=True)
        except UsageError:
            return None
        op = self._registry[call.operation]
        if op.effect is Effect.READS:
            return await self.run_call(request, call)
        if not may_be_offered(op):
            line = code(f"@{BOT_NAME} {op.name}")
            return render_note(md("If that was for me, begin with the mention: {line}.", line=line))
        return await self._offer(request, md("If that was for me, I can run {name}.", name=code(op.name)), call)

    async def run_call(self, request: Request, call: Call) -> Message | None:
        """Open the operation's form if it has one and what was typed doesn't suffice, else begin it."""
        op = self._registry[call.operation]
        if not (op.opens_form and lacks_input(op, call.args)):
            await self._procedure.receive(request, call)
            return None
        if request.trigger_id:
            # In the background, because the acknowledgement must not wait for Slack's API.
            self._background.spawn(self._forms.open(request, op, call.args))
            return None
        return await self._make_form_button(request, call)

    async def press_card_button(self, request: Request, operation: str, card_id: str) -> Message | None:
        """Run the operation of a button on a card or reply, on the card's current build."""
        async with self._store.read() as tx:
            card = await find_card(tx, card_id)
            tracked = await find_build(tx, card.build_id) if card else None
        if card is None or tracked is None or card.thread.channel != request.thread.channel:
            return render_note("This card is too old. Open the build again with `build view`.")
        ref = tracked.build.ref
        job = card.unfurl.job if card.unfurl else None
        args: JsonObject = {"pipeline": ref.pipeline, "number": ref.number}
        if job:
            args = {**args, "job": job}
        op = self._registry[operation]
        if op.looks_up_form and request.trigger_id:
            self._background.spawn(self._forms.open(request, op, args))
        else:
            await self._procedure.receive(request, Call(operation, args, confirmed=True))
        return None

    async def press_addressed_button(self, request: Request, operation: str, value: str) -> Message | None:
        """Run the operation of a button whose value names its target: `web`, `web#12`, or nothing."""
        op = self._registry.find(operation)
        if op is None:
            return render_note("That button no longer works.")
        pipeline, _, number = value.partition("#")
        named = {"pipeline": pipeline, **({"number": number} if number else {})}
        args = named if "pipeline" in op.args.model_fields else {}
        if request.trigger_id and (op.looks_up_form or op.opens_form):
            self._background.spawn(self._forms.open(request, op, args))
        else:
            await self._procedure.receive(request, Call(operation, args, confirmed=True))
        return None

    def open_form_anywhere(self, request: Request, operation: str) -> None:
        """Open an operation's form outside of any conversation; it also asks where the answer goes."""
        self._background.spawn(self._forms.open(request, self._registry[operation], {}, placed=True))

    async def vote(self, request: Request, operation: str, proposal_id: str) -> None:
        """Count a vote on a proposal; each person's press has a key of its own."""
        named = replace(request, key=f"{request.key}:{request.user}")
        await self._procedure.receive(named, Call(operation, {"proposal": proposal_id}, confirmed=True))

    async def stop_messages(self, request: Request, value: str) -> Message | None:
        """Stop a kind of direct message; only their recipient may do so."""
        words = read_stop_value(value, request.user)
        if words is None:
            return render_note("Only the recipient can turn off these messages.")
        await self._procedure.receive(request, Call("notify", {"words": list(words)}, confirmed=True))
        return None

    async def press_choice(self, request: Request, choice_id: str) -> Message | None:
        """Run the choice behind a button of an answer."""
        choice = await self._choices.find(choice_id)
        if choice is None:
            return render_note("That button is too old. Run the command again.")
        if choice.user is not None and choice.user != request.user:
            return render_note("That button belongs to someone else. Run the command yourself.")
        if not choice.operation:
            return render_note("OK, nothing changed.")
        op, (args, page) = self._registry[choice.operation], split_page(choice.args)
        if choice.form and request.trigger_id:
            self._background.spawn(self._forms.open(request, op, args))
            return None
        is_public = bool(page) and choice.user is None
        flags = replace(request.flags, direct=choice.direct, page=page, public_page=is_public)
        press = replace(_identify_press(request, choice), flags=flags)
        await self._procedure.receive(press, Call(choice.operation, args, choice.confirmed))
        return None

    async def submit_form(self, payload: SubmissionPayload) -> SubmissionAnswer:
        """Take a submitted form."""
        return await self._forms.submitted(payload)

    async def _correct(self, request: Request, error: NearMiss) -> Message:
        """Show the corrected line, with a button to run it unless it stops or deletes something."""
        text = _render_near_miss(error)
        if not error.correction.may_be_offered:
            return render_note(text)
        return await self._offer(request, text, error.correction.call)

    async def _offer(self, request: Request, text: Mrkdwn, call: Call) -> Message:
        """Offer to run a call that the person may have meant; the press is authorised like any other."""
        choice = Choice(make_choice_id(), call.operation, call.args, request.thread, request.user)
        await self._choices.save([choice])
        return render_offer(text, choice.id)

    async def _make_form_button(self, request: Request, call: Call) -> Message:
        """Return a message with a button that opens the form, because a mention can't open one."""
        choice = Choice(make_choice_id(), call.operation, call.args, request.thread, request.user, form=True)
        await self._choices.save([choice])
        return render_form_button(call.operation, self._registry[call.operation].title, choice.id)


def _render_near_miss(error: NearMiss) -> Mrkdwn:
    """Render a mistake with the corrected line, or the rule that was broken with it."""
    line, rule = code(error.correction.line), error.correction.reason.rstrip(".")
    if rule:
        return md("⚠️ {rule}: {line}", rule=Mrkdwn(rule), line=line)
    return md("⚠️ {problem} Try {line}", problem=error.message, line=line)


def _identify_press(request: Request, choice: Choice) -> Request:
    """Key a press by its choice, so that two presses are one request, in the choice's thread if it has one."""
    where = choice.thread if choice.thread.channel else request.thread
    return replace(request, key=f"choice:{choice.id}", thread=where)
