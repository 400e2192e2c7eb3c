"""Listeners for requests from conversations: each stores the request, then acknowledges it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Container

from bot.builds.links.render import AT
from bot.errors import KitestringError
from bot.listeners import requests
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import Ack, EventListeners
from bot.listeners.form_handling import SubmissionAnswer
from bot.listeners.menu_options import MenuOptions
from bot.listeners.payload_shapes import (
    ClickPayload,
    CommandPayload,
    MessagePayload,
    MessageShortcut,
    OptionsPayload,
    SubmissionPayload,
)
from bot.notifications.direct.model import STOP_ACTION
from bot.operations.invocation import Request
from bot.operations.registry import Registry
from bot.operations.render import render_note, render_problem
from bot.operations.reply import Call
from bot.runtime.error_boundary import run_guarded
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import OPTION_VALUE_LIMIT, Message, option

MENU_SECONDS = 2.0


class ConversationListeners:
    """Listeners for Bolt. `team` is the bot's workspace, `bot_user` its own user id; `hosts` are Buildkite's."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        answers: Answers,
        menus: MenuOptions,
        registry: Registry,
        team: str,
        bot_user: str,
        events: EventListeners,
        hosts: Container[str],
    ) -> None:
        self._dispatcher = dispatcher
        self.events = events
        self._answers = answers
        self._menus = menus
        self._registry = registry
        self.team = team
        self.bot_user = bot_user
        self._hosts = hosts

    async def on_command(self, ack: Ack, payload: CommandPayload) -> None:
        """Take a slash command; only mistakes are answered in the acknowledgement itself."""
        if payload.team_id != self.team:
            await ack(**_format_ack(render_note("I belong to another workspace.")))
            return
        request = requests.from_command(payload)
        answer = await self._try(self._dispatcher.run_text(request, payload.text))
        if answer and not request.thread.is_direct:
            await ack(**_format_ack(answer))
            return
        await ack()
        if answer:
            await self._answers.send(request.recipient, answer)

    async def on_message(self, payload: MessagePayload) -> None:
        """Take a mention or a direct message. Raises if it can't be stored, so that Slack sends it again."""
        request = requests.from_message(payload)
        if request is None or request.thread.team != self.team:
            return
        spoken = requests.read_spoken(
            payload.event.text or "", self.bot_user, direct=payload.event.channel_type == "im"
        )
        run = self._dispatcher.run_overheard if spoken.overheard else self._dispatcher.run_text
        answer = await run(request, spoken.text)
        if answer:
            await self._answers.send(request.recipient, answer)

    async def on_action(self, ack: Ack, payload: ClickPayload) -> None:
        """Take a press of a button; links and inputs of forms only need the acknowledgement."""
        action = payload.actions[0]
        name, value = action.button
        if not value or name.startswith(("open:", "suggest:")) or payload.workspace != self.team:
            await ack()
            return
        home = payload.view is not None and payload.view.type == "home"
        request = requests.from_home_button(payload) if home else requests.from_click(payload)
        pressed = self.events.pressed if home else self._press
        answer = await self._try(pressed(request, name, value))
        await ack()
        if answer:
            await self._answers.send(request.recipient, answer, replace=request.flags.replaces)

    async def on_submission(self, ack: Ack, payload: SubmissionPayload) -> None:
        """Take a submitted form."""
        try:
            answer = await run_guarded(self._dispatcher.submit_form(payload), "form")
        except KitestringError as error:
            answer = SubmissionAnswer({payload.view.first_input: str(error)})
        if answer.errors:
            await ack(response_action="errors", errors=dict(answer.errors))
        elif answer.view:
            await ack(response_action="update", view=answer.view)
        else:
            await ack()

    async def on_options(self, ack: Ack, payload: OptionsPayload) -> None:
        """Answer a menu's request for options from memory, within Slack's three seconds."""
        found = await self._load_options(payload) if payload.view and payload.workspace == self.team else ()
        await ack(options=[option(label, value) for label, value in found if 0 < len(value) <= OPTION_VALUE_LIMIT])

    async def on_shortcut(self, ack: Ack, payload: MessageShortcut) -> None:
        """Follow the build that a message links to."""
        request, url = (
            requests.from_message_shortcut(payload),
            requests.find_build_url(payload.message, self._hosts),
        )
        answer: Message | None = render_note("That message has no link to a build.")
        if url and payload.workspace == self.team:
            call = Call("build watch", {"pipeline": url})
            answer = await self._try(self._dispatcher.run_call(request, call))
        await ack()
        if answer:
            await self._answers.send(request.recipient, answer)

    async def _press(self, request: Request, name: str, value: str) -> Message | None:
        if name.startswith("proposal "):
            await self._dispatcher.vote(request, name, value)
            return None
        if name == STOP_ACTION:
            return await self._dispatcher.stop_messages(request, value)
        if name.startswith(AT):
            return await self._dispatcher.press_addressed_button(request, name.removeprefix(AT), value)
        if name in self._registry:
            return await self._dispatcher.press_card_button(request, name, value)
        return await self._dispatcher.press_choice(request, value)

    async def _load_options(self, payload: OptionsPayload) -> tuple[tuple[str, str], ...]:
        """Return a menu's options; none where Buildkite is too slow, because the next keystroke asks again."""
        form = payload.view.private_metadata if payload.view else ""
        kind, pipeline = payload.action_id.partition(":")[2], requests.find_chosen_pipeline(payload)
        try:
            async with asyncio.timeout(MENU_SECONDS):
                work = self._menus.find(payload.user.id, form, kind, payload.value or "", pipeline)
                return await run_guarded(work, "menu")
        except (KitestringError, TimeoutError):
            return ()

    async def _try(self, work: Awaitable[Message | None]) -> Message | None:
        """Run work that stores a request; returns its answer, or what kept it from being stored."""
        try:
            return await run_guarded(work, "request")
        except KitestringError as error:
            return render_problem(error)


def _format_ack(message: Message) -> dict[str, object]:
    return {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}
