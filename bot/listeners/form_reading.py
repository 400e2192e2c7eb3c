"""Reads submitted forms, and finds everything that is wrong in one go."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from bot.errors import UsageError
from bot.execution.authorisation import Authoriser
from bot.listeners.form_files import FormFiles
from bot.listeners.form_metadata import FormMetadata
from bot.operations import forms
from bot.operations.invocation import Request
from bot.operations.operation import Operation
from bot.operations.validation import find_mistakes
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.form_values import AttachedFile, FormValues


class ReadForm(NamedTuple):
    """The arguments that may be stored, or errors by block id; `shown` takes the form's place."""

    args: JsonObject
    errors: Mapping[str, str]
    shown: Mrkdwn | None = None


class _Submitted(NamedTuple):
    """The arguments after the submit hook, or its mistakes."""

    args: JsonObject
    mistakes: list[UsageError]
    shown: Mrkdwn | None = None


class FormReader:
    """Reads the arguments of a form; errors stand below their inputs, all of them at once."""

    def __init__(self, authoriser: Authoriser, files: FormFiles) -> None:
        self._authoriser = authoriser
        self._files = files

    async def read(self, request: Request, op: Operation, values: FormValues, metadata: FormMetadata) -> ReadForm:
        """Return the arguments after the operation's submit hook, or what is wrong with them."""
        typed, malformed = forms.read_submission(op, values, metadata.fields, metadata.given)
        files = forms.read_attachments(op, values)
        texts, unreadable = await self._read_files(files, typed)
        args: JsonObject = {**typed, **texts}
        known = {mistake.field for mistake in (*malformed, *unreadable)}
        invalid = [mistake for mistake in find_mistakes(op, args) if mistake.field not in known]
        mistakes = [*malformed, *unreadable, *invalid]
        checked = await self._check(request, op, args, {mistake.field for mistake in mistakes})
        mistakes += [] if checked is None else [checked]
        taken = _Submitted(args, mistakes) if mistakes else await self._submit(request, op, args)
        errors = forms.render_errors(op, _place_below_files(taken.mistakes, files), metadata.fields)
        return ReadForm(taken.args, errors, taken.shown)

    async def _read_files(
        self, files: Mapping[str, AttachedFile], typed: Container[str]
    ) -> tuple[Mapping[str, str], list[UsageError]]:
        try:
            return await self._files.texts(files, typed), []
        except UsageError as error:
            return {}, [error]

    async def _check(
        self, request: Request, op: Operation, args: JsonObject, wrong: Container[str | None]
    ) -> UsageError | None:
        """Return the mistake that the operation's own check finds in the arguments that are right so far."""
        if op.check_form is None:
            return None
        right = {name: value for name, value in args.items() if name not in wrong}
        try:
            ctx = await self._authoriser.build_submission_context(request, op)
            await op.check_form(op.args.model_construct(None, **right), ctx)
        except UsageError as error:
            return error
        return None

    async def _submit(self, request: Request, op: Operation, args: JsonObject) -> _Submitted:
        """Let the operation's submit hook take the arguments; return them without secrets."""
        if op.on_submit is None:
            return _Submitted(args, [])
        validated = self._authoriser.validate(op, args)
        try:
            shown = await op.on_submit(validated, await self._authoriser.build_submission_context(request, op))
        except UsageError as error:
            return _Submitted(args, [error])
        return _Submitted(validated.model_dump(mode="json", exclude_none=True), [], shown)


def _place_below_files(mistakes: list[UsageError], files: Container[str]) -> list[UsageError]:
    """Move mistakes about attached files below their inputs."""
    return [
        UsageError(mistake.message, mistake.hint, f"{mistake.field}.file") if mistake.field in files else mistake
        for mistake in mistakes
    ]
