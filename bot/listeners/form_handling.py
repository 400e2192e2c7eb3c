"""Opens forms within the lifetime of their trigger, fills them afterwards, and handles submissions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import structlog

from bot.errors import Ambiguous, KitestringError, Refused, UsageError
from bot.execution.authorisation import Authoriser
from bot.execution.endings import Endings
from bot.execution.procedure import Procedure
from bot.listeners.failed_forms import FailedForms
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_files import FormFiles
from bot.listeners.payload_shapes import SubmissionPayload
from bot.listeners.requests import from_submission
from bot.operations import forms
from bot.operations.choices import Choices, make_choice_id
from bot.operations.invocation import Choice, Flags, Request, make_invocation
from bot.operations.operation import Args, FormField, Operation, Registry, SubmitHook
from bot.operations.reply import Call
from bot.runtime.error_boundary import run_guarded
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import View
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.web_client import SlackClient

CALLBACK = "form"
log = structlog.stdlib.get_logger(__name__)


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
        self._files = FormFiles(api)
        self._choices = choices
        self._authoriser = authoriser
        self._procedure = procedure
        self._endings = endings

    async def open(
        self, request: Request, op: Operation, given: Mapping[str, Any], *, placed: bool = False
    ) -> None:
        """Open an operation's form; `placed`: it also asks where the answer goes. Raises nothing."""
        try:
            await run_guarded(
                self._open_with_destination(request, op) if placed else self._open(request, op, given), "form"
            )
        except KitestringError as error:
            log.warning("form not opened", operation=op.name, reason=str(error))
            invocation = make_invocation(make_choice_id(), request, op.name, given)
            with suppress(KitestringError):
                await run_guarded(self._failures.explain(invocation, error, again=not placed), "form")

    async def _open_with_destination(self, request: Request, op: Operation) -> None:
        """Open a form outside of any conversation: one of the channels to choose from may allow the person."""
        home = await self._destinations.home(request.thread.team, request.user)
        request = replace(request, thread=home)
        try:
            await self._authoriser.admit(request, op, anywhere=True)
        except Refused as error:
            await self._endings.fail(make_invocation(make_choice_id(), request, op.name, {}), error)
            return
        await self._api.open_view(request.trigger_id or "", await self._view(request, op, {}, (), placed=True))

    async def _open(self, request: Request, op: Operation, given: Mapping[str, Any]) -> None:
        try:
            await self._authoriser.preview(request, op, given)
        except Refused as error:
            await self._endings.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return
        if op.load_fields is None:
            given = await self._authoriser.fill_in_default(request, op, given)
            view = await self._view(request, op, given, ())
            await self._api.open_view(request.trigger_id or "", view)
            return
        view_id = await self._api.open_view(
            request.trigger_id or "", forms.render_loading_view(forms.format_title(op))
        )
        await self._api.update_view(view_id, await self._fill_in(request, op, given))

    async def _fill_in(self, request: Request, op: Operation, given: Mapping[str, Any]) -> View:
        """Return the form with inputs that are known only at run time, or a notice why there is none."""
        try:
            return await run_guarded(self._look_up(request, op, given), op.name)
        except Ambiguous as error:
            await self._endings.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return forms.render_notice_view(forms.format_title(op), f"{error.message} Choose in the conversation.")
        except Refused as error:
            await self._endings.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return forms.render_notice_view(forms.format_title(op), _render_refusal(error))
        except KitestringError as error:
            await self._endings.plan_read(given)
            return forms.render_notice_view(forms.format_title(op), str(error))

    async def _look_up(self, request: Request, op: Operation, given: Mapping[str, Any]) -> View:
        resolved = await self._authoriser.resolve(request, op, given)
        pinned_args = resolved.args.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        fields = await op.load_fields(pinned_args, resolved.ctx) if op.load_fields else ()
        return await self._view(request, op, pinned_args, fields)

    async def _view(
        self,
        request: Request,
        op: Operation,
        given: Mapping[str, Any],
        fields: tuple[FormField, ...],
        *,
        placed: bool = False,
    ) -> View:
        flags = {"placed": placed, "posted": request.flags.direct_only}
        kept = {"given": dict(given), "fields": [asdict(field) for field in fields], **flags}
        choice = Choice(make_choice_id(), op.name, kept, request.thread, request.user, form=True)
        await self._choices.save([choice])
        place = request.thread.channel if placed else None
        return forms.render_form(
            op, given, callback_id=CALLBACK, private_metadata=choice.id, fields=fields, place=place
        )

    async def submitted(self, payload: SubmissionPayload) -> dict[str, str] | None:
        """Read a submitted form and begin; returns mistakes by block id, or None."""
        choice = await self._choices.find(payload.view.private_metadata)
        if choice is None or choice.user != payload.user.id:
            text = "This form is too old, or was opened by another person. Open it again."
            return {payload.view.first_input: text}
        op = self._registry[choice.operation]
        request = replace(
            from_submission(payload, choice.thread), flags=Flags(direct_only=bool(choice.args.get("posted")))
        )
        values = payload.view.state.values
        if choice.args.get("placed"):
            there, wrong = await self._destinations.chosen(values, choice.thread, request.user)
            if wrong:
                return {forms.DESTINATION: wrong}
            request = replace(request, thread=there, flags=Flags(direct_only=there == choice.thread))
        if op.on_submit and await self._procedure.has_received(request.key):
            return None  # a repeated submission: on_submit must not run twice
        fields = tuple(_restore_field(arg) for arg in choice.args["fields"])
        files = forms.read_attachments(op, values)
        try:
            args = forms.read_submission(op, values, fields, choice.args["given"])
            args |= await self._files.texts(files, args)
            read = self._authoriser.validate(op, args)
            if op.on_submit:
                args = await self._submit(op, op.on_submit, read, request)
        except UsageError as error:
            if error.field in files:
                error.field = f"{error.field}.file"
            return forms.render_errors(op, error, fields)
        await self._procedure.receive(request, Call(op.name, args, confirmed=not op.confirm_label))
        return None

    async def _submit(
        self, op: Operation, take: SubmitHook[Args, object], args: Args, request: Request
    ) -> dict[str, Any]:
        """Run the operation's submit hook; returns the arguments that may be stored, without secrets."""
        await take(args, await self._authoriser.build_submission_context(request, op))
        return args.model_dump(mode="json", exclude_none=True)


def _render_refusal(error: Refused) -> Mrkdwn:
    """Render why there is no form, the rule behind it, and who can help."""
    return md("{headline} {hint} (“{rule}”)", headline=error.message, hint=error.hint, rule=error.rule)


def _restore_field(stored: Mapping[str, Any]) -> FormField:
    options = tuple((str(label), str(value)) for label, value in stored["options"])
    return FormField(**{**stored, "options": options})
