"""Answers to people: what an operation said, what went wrong, what has to be asked first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from bot.errors import Ambiguous, KitestringError
from bot.operations.paging import TURN
from bot.operations.reply import Button, Reply
from bot.slack.blockkit import charts, tables
from bot.slack.blockkit.blocks import (
    NOTHING,
    SECTION_LIMIT,
    Block,
    Message,
    actions,
    button,
    context,
    dotted,
    lines,
    message,
    packed,
    preformatted,
    section,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, md, mention
from bot.slack.types import Actor

ButtonValue = Callable[[int, Button], str]


def render_reply(answer: Reply, *, actor: Actor | None, button_value: ButtonValue) -> Message:
    """Draw what an operation answered.

    With an `actor` and a public answer, the text begins with the person's mention: `<@U…> paused …`.
    `button_value(index, button)` gives each button's value: an opaque key into our own rows.
    """
    text = _text(answer, actor)
    blocks = [
        section(bold(answer.title), block_id="title") if answer.title else None,
        *_said(text),
        *_fields(answer.fields),
        *[charts.block(chart, f"chart:{at}") for at, chart in enumerate(answer.charts[: charts.CHARTS_LIMIT])],
        *(tables.drawn(answer.table, answer.title, answer.pages) if answer.table else []),
        context(answer.pages, block_id="pages") if answer.pages else None,
        _turning(answer, button_value),
        preformatted(answer.log, block_id="log") if answer.log is not None else None,
        context(answer.footer, block_id="footer") if answer.footer else None,
    ]
    kept = [block for block in blocks if block is not None]
    row = render_choices(answer.buttons, button_value)
    room = 50 - len(row)
    if len(kept) > room:
        kept = [*kept[: room - 1], context(f"… and {len(kept) - room + 1} more", block_id="more")]
    return message(_summary(answer, text), [*kept, *row])


def _text(answer: Reply, actor: Actor | None) -> Mrkdwn:
    if actor is None or answer.private or not answer.text:
        return escape(answer.text)
    return md("{who} {text}", who=mention(actor.id), text=answer.text)


def _said(text: Mrkdwn) -> list[Block]:
    """One section, or as many as a long text needs: it is cut between its lines."""
    if len(text) <= SECTION_LIMIT:
        return [section(text, block_id="text")] if text else []
    parts = packed([Mrkdwn(line) for line in text.split("\n")])
    return [section(part, block_id=f"text:{index}") for index, part in enumerate(parts)]


def _summary(answer: Reply, text: Mrkdwn) -> Mrkdwn:
    """The first line of what is said, or the title, or the log's name."""
    spoken = next((line for line in text.split("\n") if line.strip()), "")
    table = answer.table
    caption = (
        dotted([table.caption if table.rows or not table.empty else table.empty, answer.pages]) if table else ""
    )
    return Mrkdwn(spoken) if spoken else escape(answer.title or caption or "Here is what I found.")


def _fields(fields: tuple[tuple[str, str], ...]) -> list[Block]:
    """(label, value) pairs, ten a section."""
    drawn = [lines([bold(label), (value.strip() and value) or NOTHING]) for label, value in fields]
    groups = [drawn[start : start + 10] for start in range(0, len(drawn), 10)]
    return [_fields_block(group, index) for index, group in enumerate(groups)]


def _fields_block(group: list[Mrkdwn], index: int) -> Block:
    block = section(NOTHING, block_id=f"fields:{index}", fields=group)
    return {key: value for key, value in block.items() if key not in {"text", "expand"}}


def _turning(answer: Reply, button_value: ButtonValue) -> Block | None:
    """What leads to other pages, below the table and named by its page: a message that changed has other ids."""
    turns = [(index, item) for index, item in enumerate(answer.buttons) if item.turns]
    drawn = [
        button(turn.label, f"{TURN}{index}", button_value(index, turn), reads=turn.reads) for index, turn in turns
    ]
    return actions(drawn, block_id=f"turn:{answer.pages}")


def render_choices(buttons: tuple[Button, ...], button_value: ButtonValue) -> list[Block]:
    """Rows of buttons, five a row; `choice:<index>:<operation>` names each, `open:<index>` a mere link."""
    shown = [(index, item) for index, item in enumerate(buttons) if not item.turns][:25]
    drawn = [_choice(index, item, button_value) for index, item in shown]
    starts = [*range(0, len(drawn), 5), len(drawn)]
    rows = [actions(drawn[start:end], block_id=f"choices:{start}") for start, end in pairwise(starts)]
    return [row for row in rows if row is not None]


def _choice(index: int, item: Button, button_value: ButtonValue) -> Block:
    if item.call is None:
        return button(item.label, f"open:{index}", url=item.url, style=item.style, reads=item.reads)
    return button(
        item.label,
        f"choice:{index}:{item.call.operation}",
        button_value(index, item),
        style=item.style,
        confirm=item.confirm,
        url=item.url,
        reads=item.reads,
    )


def render_problem(
    error: KitestringError, *, option_value: Callable[[int], str] | None = None, retry_value: str | None = None
) -> Message:
    """What went wrong, for the one who asked; several things that fit become buttons.

    `option_value(index)` gives the value of the button for each option; `retry_value` adds a Retry button.
    """
    text = lines([md("⚠️ {said}", said=error.message), error.hint])
    offered = error.options if isinstance(error, Ambiguous) and option_value else ()
    drawn = [
        button(label, f"option:{index}", option_value(index) if option_value else "")
        for index, (label, _) in enumerate(offered[:20])
    ]
    again = button("Try again", "retry", retry_value, style="primary") if retry_value else None
    blocks = [section(text, block_id="problem"), actions([*drawn, again], block_id="options")]
    return message(md("⚠️ {said}", said=error.message), blocks)


def render_question(
    text: Mrkdwn, yes_value: str, no_value: str, *, yes: str = "Yes", no: str = "Never mind", danger: bool = True
) -> Message:
    """Ask before a typed command acts: private, with two buttons."""
    row = [
        button(yes, "confirm:yes", yes_value, style="danger" if danger else "primary"),
        button(no, "confirm:no", no_value),
    ]
    line = text.split("\n")[0]
    return message(Mrkdwn(line), [section(text, block_id="question"), actions(row, block_id="answers")])


def render_invitation_request(
    bot: str, *, again_value: str, anyway_value: str, no_value: str, invitable: bool = True
) -> Message:
    """The bot cannot post here: ask for an invitation, or to go on with the updates by direct message.

    `bot` is the bot's display name; `invitable` is False in a conversation between two people.
    """
    way = md("Type {handle} and try again, or start anyway", handle=code(f"/invite @{bot}")) if invitable else ""
    where = "this channel" if invitable else "this conversation"
    said = md("I am not in {where}, so nothing was started.", where=where)
    text = lines([said, md("{way} and get the updates in a direct message from me.", way=way or "Start anyway")])
    row = [
        button("I invited it, try again", "invite:again", again_value, style="primary") if invitable else None,
        button("Start anyway", "invite:anyway", anyway_value),
        button("Never mind", "invite:no", no_value),
    ]
    return message(said, [section(text, block_id="invite"), actions(row, block_id="answers")])


def render_answered(text: str, *, public: bool, direct: bool = False) -> Message:
    """Takes the place of a private question once it was answered and what it asked about is done.

    `public`: everybody reads who did it, `text` says what; `direct`: the updates go by direct message.
    """
    done = md("You {text}.", text=text) if public else escape(text)
    said = md("{done} The updates come in a direct message.", done=done) if direct else done
    return message(said, [section(said, block_id="answered")])


def render_internal_error(ref: str) -> Message:
    """Something broke on our side; `ref` is what the log has."""
    text = md(
        "💥 Something broke on my side (ref {ref}). An admin can find it in the log by that reference.",
        ref=code(ref),
    )
    return message(text, [section(text, block_id="bug")])


def render_interrupted(text: Mrkdwn, retry_value: str | None) -> Message:
    """What became of something that a restart or a lost answer interrupted."""
    again = button("Do it now", "retry", retry_value, style="primary") if retry_value else None
    return message(text, [section(text, block_id="interrupted"), actions([again], block_id="options")])


def render_form_button(operation: str, value: str) -> Message:
    """A mention cannot open a form; this button does."""
    text = md("`{name}` needs a few answers.", name=operation)
    open_it = button("Open the form", f"choice:0:{operation}", value, style="primary")
    return message(text, [section(text, block_id="form"), actions([open_it], block_id="options")])


def render_note(text: str) -> Message:
    """One private sentence."""
    shown = escape(text)
    return message(shown, [section(shown, block_id="note")])
