"""Opens forms while the trigger lives, fills them afterwards, and takes them when they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Protocol

import structlog

from bot.errors import Ambiguous, KitestringError, Refused, Unavailable, UsageError
from bot.execution.runner import Runner
from bot.listeners.form_channel import Placing
from bot.listeners.form_files import Attached
from bot.listeners.requests import Request, of_view
from bot.operations import forms
from bot.operations.choices import Choices, new_choice_id, repeat_choice
from bot.operations.invocation import Choice, Invocation
from bot.operations.operation import Args, Field, Operation, Take
from bot.operations.render import render_internal_error, render_problem
from bot.operations.validation import validate
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.slack.answers import Answers
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.people import People
from bot.slack.web_client import SlackClient

CALLBACK = "form"
log = structlog.stdlib.get_logger(__name__)


class Begin(Protocol):
    """Writes an invocation down and starts it."""

    def __call__(
        self, request: Request, operation: str, args: Mapping[str, Any], **how: bool
    ) -> Awaitable[None]: ...


class Forms:
    """A form's `private_metadata` is the id of a row that pins who it was opened for, and where."""

    def __init__(
        self, api: SlackClient, people: People, made: Choices, runner: Runner, placing: Placing, answers: Answers
    ) -> None:
        self._api = api
        self._unopened = UnopenedForms(made, answers)
        self._people = people
        self._placing = placing
        self._attached = Attached(api)
        self._offers = made
        self._runner = runner

    async def open(
        self, request: Request, op: Operation, given: Mapping[str, Any], *, placed: bool = False
    ) -> None:
        """Open the form of an operation; `placed`: it also asks where the answer goes. Nothing is raised."""
        try:
            await run_guarded(self._placed(request, op) if placed else self._open(request, op, given), "form")
        except KitestringError as error:
            log.warning("form not opened", operation=op.name, reason=str(error))
            asked = request.invocation(new_choice_id(), op.name, given)
            with suppress(KitestringError):
                await run_guarded(self._unopened.tell(asked, error, again=not placed), "form")

    async def _placed(self, request: Request, op: Operation) -> None:
        """Whoever is in no conversation may be allowed something in one of the channels that they can choose."""
        home = await self._placing.home(request.thread.team, request.user)
        request = replace(request, thread=home)
        actor = await self._people.actor(request.user, home, request.via)
        try:
            self._runner.admit(actor, op, anywhere=True)
        except Refused as error:
            await self._runner.fail(request.invocation(new_choice_id(), op.name, {}), error)
            return
        await self._api.open_view(request.trigger_id or "", await self._view(request, op, {}, (), placed=True))

    async def _open(self, request: Request, op: Operation, given: Mapping[str, Any]) -> None:
        try:
            await self._admit(request, op, given)
        except Refused as error:
            await self._runner.fail(request.invocation(new_choice_id(), op.name, given), error)
            return
        if op.fields is None:
            given, _ = await self._runner.shared.defaults.filled(op, given, request.thread)
            view = await self._view(request, op, given, ())
            await self._api.open_view(request.trigger_id or "", view)
            return
        view_id = await self._api.open_view(request.trigger_id or "", forms.loading(forms.title_of(op)))
        await self._api.update_view(view_id, await self._filled(request, op, given))

    async def _admit(self, request: Request, op: Operation, given: Mapping[str, Any]) -> None:
        """Raises Refused where nothing can come of the form, judged by as much as is known of its arguments."""
        actor = await self._people.actor(request.user, request.thread, request.via)
        self._runner.admit(actor, op)
        await self._runner.inside(request.thread)
        if not given or op.fields:
            return
        try:
            args = validate(op, given, self._runner.shared.command)
        except UsageError:
            return  # the person is to give the rest: judged when it is sent
        asked = request.invocation(new_choice_id(), op.name, given)
        await self._runner.judge(op, args, await self._runner.personal(asked, actor, op))

    async def _filled(self, request: Request, op: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
        """The form with the inputs that are known only now, or the reason why there is none."""
        try:
            return await run_guarded(self._look_up(request, op, given), op.name)
        except Ambiguous as error:
            await self._runner.fail(request.invocation(new_choice_id(), op.name, given), error)
            return forms.notice_view(
                forms.title_of(op), f"{error.message} Choose in the conversation behind this form."
            )
        except Refused as error:
            await self._runner.fail(request.invocation(new_choice_id(), op.name, given), error)
            return forms.notice_view(forms.title_of(op), _reason(error))
        except KitestringError as error:
            await self._runner.look_again(given)
            return forms.notice_view(forms.title_of(op), str(error))

    async def _look_up(self, request: Request, op: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
        asked = request.invocation(new_choice_id(), op.name, given)
        actor = await self._people.actor(request.user, request.thread, request.via)
        self._runner.admit(actor, op)
        ctx = await self._runner.personal(asked, actor, op)
        args = op.args.model_validate(dict(given))
        pinned = await op.pin(args, ctx) if op.pin else args
        await self._runner.judge(op, pinned, ctx)
        known = pinned.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        fields = await op.fields(known, ctx) if op.fields else ()
        return await self._view(request, op, known, fields)

    async def _view(
        self,
        request: Request,
        op: Operation,
        given: Mapping[str, Any],
        fields: tuple[Field, ...],
        *,
        placed: bool = False,
    ) -> dict[str, Any]:
        how = {"placed": placed, "posted": request.posted}
        kept = {"given": dict(given), "fields": [asdict(field) for field in fields], **how}
        choice = Choice(new_choice_id(), op.name, kept, request.thread, request.user, form=True)
        await self._offers.make([choice])
        place = request.thread.channel if placed else None
        return forms.form(op, given, callback_id=CALLBACK, private_metadata=choice.id, fields=fields, place=place)

    async def submitted(self, body: Mapping[str, Any], begin: Begin) -> dict[str, str] | None:
        """Read a form that was sent and begin; gives what is wrong, by block id."""
        choice = await self._offers.find(str(body["view"].get("private_metadata", "")))
        if choice is None or choice.user != body["user"]["id"]:
            return _first_block(body, "This form is not yours, or too old. Open it again.")
        op = self._runner.shared.registry[choice.operation]
        request = replace(of_view(body, choice.thread), posted=bool(choice.args.get("posted")))
        if choice.args.get("placed"):
            there, wrong = await self._placing.chosen(body["view"]["state"]["values"], choice.thread, request.user)
            if wrong:
                return {forms.PLACE: wrong}
            request = replace(request, thread=there, posted=there == choice.thread)
        if op.take and await self._runner.heard(request.key):
            return None  # what it takes has been taken, and may have been given up since
        fields = tuple(_field(arg) for arg in choice.args["fields"])
        values, files = body["view"]["state"]["values"], forms.attached(op, body["view"]["state"]["values"])
        try:
            args = forms.submitted(op, values, fields, choice.args["given"])
            args |= await self._attached.texts(files, args)
            read = validate(op, args, self._runner.shared.command)
            if op.take:
                args = await self._taken(op, op.take, read, request)
        except UsageError as error:
            if error.field in files:
                error.field = f"{error.field}.file"
            return forms.errors(op, error, fields)
        await begin(request, op.name, args, yes=not op.accept)
        return None

    async def _taken(self, op: Operation, take: Take, args: Args, request: Request) -> dict[str, Any]:
        """The arguments as they may be written down, once the operation has taken them."""
        actor = await self._people.actor(request.user, request.thread, request.via)
        self._runner.admit(actor, op)
        await self._runner.inside(request.thread)
        await take(args, self._runner.context(request.invocation(new_choice_id(), op.name, {}), actor))
        return args.model_dump(mode="json", exclude_none=True)


def _reason(error: Refused) -> Mrkdwn:
    """Why there is no form, which rule says so, and who can help."""
    return md("{said} {hint} (“{rule}”)", said=error.message, hint=error.hint, rule=error.rule)


def _field(stored: Mapping[str, Any]) -> Field:
    options = tuple((str(label), str(value)) for label, value in stored["options"])
    return Field(**{**stored, "options": options})


def _first_block(body: Mapping[str, Any], text: str) -> dict[str, str]:
    blocks = body["view"].get("blocks") or [{"block_id": "form"}]
    first = next((block for block in blocks if block.get("type") == "input"), blocks[0])
    return {str(first["block_id"]): text}


class UnopenedForms:
    """Says why, privately, with a button that opens the form after all."""

    def __init__(self, made: Choices, answers: Answers) -> None:
        self._offers = made
        self._answers = answers

    async def tell(self, asked: Invocation, error: KitestringError, *, again: bool) -> None:
        """`again`: a button can open it; what was pressed outside of any conversation is pressed there again."""
        retry = await self._retry(asked) if again else None
        await self._answers.tell(asked.recipient, _drawn(error, retry.id if retry else None))

    async def _retry(self, asked: Invocation) -> Choice | None:
        """None where it cannot be written down what the button stands for."""
        choice = repeat_choice(asked, asked.args["args"], form=True)
        try:
            await self._offers.make([choice])
        except Unavailable:
            return None
        return choice


def _drawn(error: KitestringError, retry: str | None) -> Message:
    if isinstance(error, InternalError):
        return render_internal_error(error.ref)
    lost = isinstance(error, SlackError) and error.kind == "uncertain"
    said = "The form may not have opened." if lost else "The form did not open."
    told = KitestringError(f"{said} {error.message}", error.hint or "Try again in a moment.")
    return render_problem(told, retry_value=retry)
