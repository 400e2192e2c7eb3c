"""Opens forms within the lifetime of their trigger, fills them afterwards, and handles submissions."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Protocol

import msgspec
import structlog

from bot.errors import Ambiguous, KitestringError, Refused, UsageError
from bot.execution.runner import Runner
from bot.listeners.failed_forms import FailedForms
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_files import FormFiles
from bot.listeners.requests import from_view
from bot.operations import forms
from bot.operations.choices import Choices, make_choice_id
from bot.operations.invocation import Choice, Flags, Request, make_invocation
from bot.operations.operation import Args, FormField, Operation, SubmitHook
from bot.operations.validation import validate
from bot.runtime.error_boundary import run_guarded
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import View
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.form_values import FormValues
from bot.slack.people import PeopleDirectory
from bot.slack.web_client import SlackClient

CALLBACK = "form"
log = structlog.stdlib.get_logger(__name__)


class StartInvocation(Protocol):
    """Stores an invocation and starts it."""

    def __call__(
        self, request: Request, operation: str, args: Mapping[str, Any], *, confirmed: bool
    ) -> Awaitable[None]: ...


class FormHandler:
    """Opens and submits forms. A form's `private_metadata` is the id of a choice: who may submit it, and where."""

    def __init__(
        self,
        api: SlackClient,
        people: PeopleDirectory,
        choices: Choices,
        runner: Runner,
        destinations: FormDestinations,
        answers: Answers,
    ) -> None:
        self._api = api
        self._failures = FailedForms(choices, answers)
        self._people = people
        self._destinations = destinations
        self._files = FormFiles(api)
        self._choices = choices
        self._runner = runner

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
        actor = await self._people.find_actor(request.user, home, request.via)
        try:
            self._runner.gate.check_permission(actor, op, anywhere=True)
        except Refused as error:
            await self._runner.fail(make_invocation(make_choice_id(), request, op.name, {}), error)
            return
        await self._api.open_view(request.trigger_id or "", await self._view(request, op, {}, (), placed=True))

    async def _open(self, request: Request, op: Operation, given: Mapping[str, Any]) -> None:
        try:
            await self._admit(request, op, given)
        except Refused as error:
            await self._runner.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return
        if op.load_fields is None:
            given, _ = await self._runner.services.default_pipelines.fill_in(op, given, request.thread)
            view = await self._view(request, op, given, ())
            await self._api.open_view(request.trigger_id or "", view)
            return
        view_id = await self._api.open_view(
            request.trigger_id or "", forms.render_loading_view(forms.format_title(op))
        )
        await self._api.update_view(view_id, await self._fill_in(request, op, given))

    async def _admit(self, request: Request, op: Operation, given: Mapping[str, Any]) -> None:
        """Raise Refused if the policy will refuse the form whatever the person fills in."""
        actor = await self._people.find_actor(request.user, request.thread, request.via)
        self._runner.gate.check_permission(actor, op)
        await self._runner.gate.check_channel(request.thread)
        if not given or op.load_fields:
            return
        try:
            args = validate(op, given, self._runner.services.command)
        except UsageError:
            return  # incomplete: the policy is applied to the submission
        access = await self._runner.find_access(actor, op)
        await self._runner.gate.apply_policy(op, args, actor, access.buildkite)

    async def _fill_in(self, request: Request, op: Operation, given: Mapping[str, Any]) -> View:
        """Return the form with inputs that are known only at run time, or a notice why there is none."""
        try:
            return await run_guarded(self._look_up(request, op, given), op.name)
        except Ambiguous as error:
            await self._runner.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return forms.render_notice_view(forms.format_title(op), f"{error.message} Choose in the conversation.")
        except Refused as error:
            await self._runner.fail(make_invocation(make_choice_id(), request, op.name, given), error)
            return forms.render_notice_view(forms.format_title(op), _render_refusal(error))
        except KitestringError as error:
            await self._runner.read_again(given)
            return forms.render_notice_view(forms.format_title(op), str(error))

    async def _look_up(self, request: Request, op: Operation, given: Mapping[str, Any]) -> View:
        invocation = make_invocation(make_choice_id(), request, op.name, given)
        actor = await self._people.find_actor(request.user, request.thread, request.via)
        self._runner.gate.check_permission(actor, op)
        access = await self._runner.find_access(actor, op)
        ctx = self._runner.build_context(op, invocation, actor, access)
        args = op.args.model_validate(dict(given))
        pinned = await op.pin(args, ctx) if op.pin else args
        await self._runner.gate.apply_policy(op, pinned, actor, access.buildkite)
        pinned_args = pinned.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        fields = await op.load_fields(pinned_args, ctx) if op.load_fields else ()
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

    async def submitted(self, body: Mapping[str, Any], begin: StartInvocation) -> dict[str, str] | None:
        """Read a submitted form and begin; returns mistakes by block id, or None."""
        choice = await self._choices.find(str(body["view"].get("private_metadata", "")))
        if choice is None or choice.user != body["user"]["id"]:
            return _blame_first_input(
                body, "This form is too old, or was opened by another person. Open it again."
            )
        op = self._runner.services.registry[choice.operation]
        request = replace(from_view(body, choice.thread), flags=Flags(direct_only=bool(choice.args.get("posted"))))
        values = msgspec.convert(body["view"]["state"]["values"], FormValues)
        if choice.args.get("placed"):
            there, wrong = await self._destinations.chosen(values, choice.thread, request.user)
            if wrong:
                return {forms.DESTINATION: wrong}
            request = replace(request, thread=there, flags=Flags(direct_only=there == choice.thread))
        if op.on_submit and await self._runner.has_accepted(request.key):
            return None  # a repeated submission: on_submit must not run twice
        fields = tuple(_restore_field(arg) for arg in choice.args["fields"])
        files = forms.read_attachments(op, values)
        try:
            args = forms.read_submission(op, values, fields, choice.args["given"])
            args |= await self._files.texts(files, args)
            read = validate(op, args, self._runner.services.command)
            if op.on_submit:
                args = await self._submit(op, op.on_submit, read, request)
        except UsageError as error:
            if error.field in files:
                error.field = f"{error.field}.file"
            return forms.render_errors(op, error, fields)
        await begin(request, op.name, args, confirmed=not op.confirm_label)
        return None

    async def _submit(
        self, op: Operation, take: SubmitHook[Args, object], args: Args, request: Request
    ) -> dict[str, Any]:
        """Run the operation's submit hook; returns the arguments that may be stored, without secrets."""
        actor = await self._people.find_actor(request.user, request.thread, request.via)
        self._runner.gate.check_permission(actor, op)
        await self._runner.gate.check_channel(request.thread)
        invocation = make_invocation(make_choice_id(), request, op.name, {})
        await take(args, self._runner.build_context(op, invocation, actor, self._runner.get_own_access()))
        return args.model_dump(mode="json", exclude_none=True)


def _render_refusal(error: Refused) -> Mrkdwn:
    """Render why there is no form, the rule behind it, and who can help."""
    return md("{headline} {hint} (“{rule}”)", headline=error.message, hint=error.hint, rule=error.rule)


def _restore_field(stored: Mapping[str, Any]) -> FormField:
    options = tuple((str(label), str(value)) for label, value in stored["options"])
    return FormField(**{**stored, "options": options})


def _blame_first_input(body: Mapping[str, Any], text: str) -> dict[str, str]:
    blocks = body["view"].get("blocks") or [{"block_id": "form"}]
    first = next((block for block in blocks if block.get("type") == "input"), blocks[0])
    return {str(first["block_id"]): text}
