"""Parses what people type."""

from __future__ import annotations

from bot.errors import UsageError
from bot.execution.aliases import Aliases
from bot.execution.context import TrackedBuildLookup
from bot.operations.corrections import Correction, find_correction, guess_pipeline
from bot.operations.grammar import parse
from bot.operations.invocation import Request
from bot.operations.manners import find_small_talk, is_polite_question, strip_manners
from bot.operations.registry import Registry
from bot.operations.reply import Call
from bot.operations.validation import validate
from bot.slack.types import Thread


class NearMiss(UsageError):
    """Raised for a text that is no command, but near one."""

    def __init__(self, error: UsageError, correction: Correction) -> None:
        super().__init__(error.message, error.hint, error.field)
        self.correction = correction


class CommandParser:
    """Turns typed text into calls; `command` is the slash command, for hints."""

    def __init__(
        self, aliases: Aliases, registry: Registry, command: str, tracked_builds: TrackedBuildLookup
    ) -> None:
        self._aliases = aliases
        self._registry = registry
        self._command = command
        self._tracked_builds = tracked_builds

    async def parse(self, request: Request, text: str, *, overheard: bool = False) -> Call:
        """Return the call, with the person's aliases expanded and polite words left out if need be.

        `overheard`: a single word isn't taken for a pipeline. Raises NearMiss, UsageError, and Unavailable.
        """
        team, user = request.thread.team, request.user
        text, alias = await self._aliases.expand(team, user, text, self._registry, self._command)
        if not alias and (kind := find_small_talk(text)):
            return Call("help", {"small_talk": kind})
        try:
            call = self._parse_politely(text)
        except UsageError as error:
            if not overheard and (view := guess_pipeline(text, self._registry, self._command)):
                return view
            if not alias:
                self._check_near_miss(text, error)
            raise self._mention_alias(error, alias) from error
        mistake = self._find_mistake(call)
        if mistake and not alias:
            self._check_near_miss(text, mistake)
        return await self._read_in_thread(call, request.thread)

    async def _read_in_thread(self, call: Call, thread: Thread) -> Call:
        """Return the call that the words mean in the thread of a build, where some mean something else."""
        name = self._registry[call.operation].in_build_thread
        if not name or call.args or not await self._tracked_builds.find_with_card_in_thread(thread):
            return call
        return Call(name)

    def _find_mistake(self, call: Call) -> UsageError | None:
        """Return what is wrong with a call's values, which may be a slip; the procedure explains anything else."""
        try:
            validate(self._registry[call.operation], call.args, self._command)
        except UsageError as error:
            return error
        return None

    def _check_near_miss(self, text: str, error: UsageError) -> None:
        """Raise NearMiss if the text is near a command."""
        correction = find_correction(strip_manners(text), self._registry, self._command)
        if correction:
            raise NearMiss(error, correction) from error

    def _parse_politely(self, text: str) -> Call:
        """Parse a text as it is, else without the polite words around it, which may belong to a value."""
        plain = strip_manners(text) or text
        if not is_polite_question(text):
            try:
                return parse(text, self._registry, command=self._command)
            except UsageError:
                if plain == text:
                    raise
        return parse(plain, self._registry, command=self._command)

    def _mention_alias(self, error: UsageError, alias: str) -> UsageError:
        """Add to an error that the command came from an alias."""
        if not alias:
            return error
        see = f"`{alias}` is your alias: see `{self._command} alias {alias}`."
        return UsageError(error.message, f"{error.hint} {see}".strip(), error.field)
