"""Opens forms within the lifetime of their trigger, fills them afterwards, and handles submissions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import structlog

from bot.errors import Ambiguous, KitestringError, Refused
from bot.execution.authorisation import Authoriser
from bot.execution.endings import Endings
from bot.execution.procedure import Procedure
from bot.listeners.failed_forms import FailedForms
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_files import FormFiles
from bot.listeners.form_metadata import FormMetadata, parse_metadata
from bot.listeners.form_reading import FormReader
from bot.listeners.payload_shapes import SubmissionPayload
from bot.listeners.requests import from_submission
from bot.operations import forms
from bot.operations.choices import Choices, make_choice_id
from bot.operations.invocation import Choice, Flags, Request
from bot.operations.operation import Operation
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.runtime.error_boundary import run_guarded
from bot.runtime.json_types import JsonObject
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import View
from bot.slack.blockkit.mrkdwn import Mrkdwn, escape, md
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient

CALLBACK = "form"
log = structlog.stdlib.get_logger(__name__)


class SubmissionAnswer(NamedTuple):
    """The answer to a submitted form: mistakes by block id, or a view that takes its place, or nothing."""

    errors: Mapping[str, str] = MappingProxyType({})
    view: View | None = None


class FormHandler:
    """Opens and submits forms. A form's `private_metadata` is the id of a choice: who may submit it, and where."""

    def __init__(
        self,
        api: SlackClient,
        registry: Registry,
        choices: Choices,
        authoriser: Authoriser,
        procedure: Procedure,
        endings: Endings,
        destinations: FormDestinations,
        answers: Answers,
    ) -> None:
        self._api = api
        self._failures = FailedForms(choices, answers)
        self._registry = registry
        self._destinations = destinations
        self._reader = FormReader(authoriser, FormFiles(api))
        self._choices = choices
        self._authoriser = authoriser
        self._procedure = procedure
        self._endings = endings

    async def open(self, request: Request, op: Operation, given: JsonObject, *, placed: bool = False) -> None:
        """Open an operation's form; `placed`: it also asks where the answer goes. Raises nothing."""
        try:
            await run_guarded(
                self._open_with_destination(request, op) if placed else self._open(request, op, given), "form"
            )
        except KitestringError as error:
            log.warning("form not opened", operation=op.name, reason=str(error))
            invocation = request.make_invocation(make_choice_id(), op.name, given)
            with suppress(KitestringError):
                await run_guarded(self._failures.explain(invocation, error, again=not placed), "form")

    async def _open_with_destination(self, request: Request, op: Operation) -> None:
        """Open a form outside of any conversation: one of the channels to choose from may allow the person."""
        home = await self._destinations.home(request.thread.team, request.user)
        request = replace(request, thread=home)
        try:
            await self._authoriser.admit(request, op, anywhere=True)
        except Refused as error:
            await self._endings.fail(request.make_invocation(make_choice_id(), op.name, {}), error)
            return
        await self._api.open_view(
            request.trigger_id or "", await self._save_form(request, op, FormMetadata({}, placed=True))
        )

    async def _open(self, request: Request, op: Operation, given: JsonObject) -> None:
        try:
            await self._authoriser.preview(request, op, given)
        except Refused as error:
            await self._endings.fail(request.make_invocation(make_choice_id(), op.name, given), error)
            return
        if not op.looks_up_form:
            given = await self._authoriser.fill_in_default(request, op, given)
            view = await self._save_form(request, op, FormMetadata(given))
            await self._api.open_view(request.trigger_id or "", view)
            return
        view_id = await self._api.open_view(
            request.trigger_id or "", forms.render_loading_view(_choose_title(request, op))
        )
        await self._api.update_view(view_id, await self._fill_in(request, op, given))

    async def _fill_in(self, request: Request, op: Operation, given: JsonObject) -> View:
        """Return the form with inputs that are known only at run time, or a notice why there is none."""
        try:
            return await run_guarded(self._look_up(request, op, given), op.name)
        except Ambiguous as error:
            await self._endings.fail(request.make_invocation(make_choice_id(), op.name, given), error)
            return forms.render_notice_view(
                _choose_title(request, op), f"{error.message} Choose in the conversation."
            )
        except Refused as error:
            await self._endings.fail(request.make_invocation(make_choice_id(), op.name, given), error)
            return forms.render_notice_view(_choose_title(request, op), _render_refusal(error))
        except KitestringError as error:
            await self._endings.plan_read(given)
            return forms.render_notice_view(_choose_title(request, op), _render_error(error))

    async def _look_up(self, request: Request, op: Operation, given: JsonObject) -> View:
        resolved = await self._authoriser.resolve(request, op, given)
        pinned_args = resolved.args.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        if op.prefill:
            filled = await op.prefill(resolved.args, resolved.ctx)
            return await self._save_form(
                request, op, FormMetadata(filled.model_dump(mode="json", exclude_none=True))
            )
        fields = await op.load_fields(pinned_args, resolved.ctx) if op.load_fields else ()
        return await self._save_form(request, op, FormMetadata(pinned_args, fields))

    async def _save_form(self, request: Request, op: Operation, metadata: FormMetadata) -> View:
        """Return a form after saving the choice by which its submission is recognized."""
        kept = replace(metadata, posted=request.flags.direct_only).to_args()
        choice = Choice(make_choice_id(), op.name, kept, request.thread, request.user, form=True)
        await self._choices.save([choice])
        return forms.render_form(
            op,
            metadata.given,
            callback_id=CALLBACK,
            private_metadata=choice.id,
            fields=metadata.fields,
            title=_choose_title(request, op),
            place=request.thread.channel if metadata.placed else None,
        )

    async def submitted(self, payload: SubmissionPayload) -> SubmissionAnswer:
        """Read a submitted form and begin, unless there are mistakes in it."""
        choice = await self._choices.find(payload.view.private_metadata)
        if choice is None or choice.user != payload.user.id:
            text = "This form is too old, or was opened by another person. Open it again."
            return SubmissionAnswer({payload.view.first_input: text})
        op, metadata = self._registry[choice.operation], parse_metadata(choice.args)
        request, problem = await self._place(payload, choice.thread, metadata)
        if op.on_submit and await self._procedure.has_received(request.key):
            return SubmissionAnswer()  # a repeated submission: on_submit must not run twice
        read = await self._reader.read(request, op, payload.view.state.values, metadata)
        errors = {**read.errors, **({forms.DESTINATION: problem} if problem else {})}
        if errors:
            return SubmissionAnswer(errors)
        await self._procedure.receive(request, Call(op.name, read.args, confirmed=not op.confirm_label))
        shown = forms.render_notice_view(op.title, read.shown) if read.shown else None
        return SubmissionAnswer(view=shown)

    async def _place(
        self, payload: SubmissionPayload, opened_in: Thread, metadata: FormMetadata
    ) -> tuple[Request, str | None]:
        """Return the request, in the place that was chosen in the form, and a problem with that place or None."""
        request = from_submission(payload, opened_in)
        if not metadata.placed:
            return replace(request, flags=Flags(direct_only=metadata.posted)), None
        place, problem = await self._destinations.chosen(payload.view.state.values, opened_in, request.user)
        return replace(request, thread=place, flags=Flags(direct_only=place == opened_in)), problem


def _choose_title(request: Request, op: Operation) -> str:
    """Return the label of the button that opened the form, where it fits, else the operation's own title."""
    return request.label if 0 < len(request.label) <= forms.TITLE_LIMIT else op.title


def _render_error(error: KitestringError) -> Mrkdwn:
    """Render what prevents a form, with the times and links in it."""
    return md("{message} {hint}", message=error.message, hint=error.hint) if error.hint else escape(error.message)


def _render_refusal(error: Refused) -> Mrkdwn:
    """Render why there is no form, the rule behind it, and who can help."""
    return md("{headline} {hint} (“{rule}”)", headline=error.message, hint=error.hint, rule=error.rule)
