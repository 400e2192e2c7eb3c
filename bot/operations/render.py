"""Renders answers to people: replies, problems and questions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from bot.errors import Ambiguous, KitestringError, NothingToDo
from bot.operations.paging import TURN
from bot.operations.reply import Button, Reply
from bot.slack.blockkit import charts, data_tables
from bot.slack.blockkit.blocks import (
    NAME_LIMIT,
    NOTHING,
    SECTION_LIMIT,
    Block,
    Message,
    actions,
    button,
    context,
    join_dotted,
    join_lines,
    message,
    pack_lines,
    preformatted,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, md
from bot.slack.types import Actor

ButtonValue = Callable[[int, Button], str]
INVITED = "invite:again"


def render_reply(answer: Reply, *, actor: Actor | None, button_value: ButtonValue) -> Message:
    """Render an operation's reply.

    With an `actor` and a public answer, the text begins with the person's name: `Alice paused …`. It isn't a
    mention, because nobody needs to be notified of what they did themselves.
    `button_value(index, button)` returns each button's value: the id of a choice.
    """
    text = _format_text(answer, actor)
    blocks = [
        section(bold(answer.title), block_id="title") if answer.title else None,
        *_render_text(text),
        *_render_fields(answer.fields),
        *[
            charts.chart_block(chart, f"chart:{at}")
            for at, chart in enumerate(answer.charts[: charts.CHARTS_LIMIT])
        ],
        *(data_tables.render_table(answer.table, answer.title, answer.page_label) if answer.table else []),
        context(answer.page_label, block_id="pages") if answer.page_label else None,
        _render_page_buttons(answer, button_value),
        preformatted(answer.log, block_id="log") if answer.log is not None else None,
        context(answer.footer, block_id="footer") if answer.footer else None,
    ]
    kept = [block for block in blocks if block is not None]
    row = render_choices(answer.buttons, button_value)
    room = 50 - len(row)
    if len(kept) > room:
        kept = [*kept[: room - 1], context(f"… and {len(kept) - room + 1} more", block_id="more")]
    return message(_summarise(answer, text), [*kept, *row])


def _format_text(answer: Reply, actor: Actor | None) -> Mrkdwn:
    if actor is None or answer.private or not answer.text:
        return escape(answer.text)
    return md("{who} {text}", who=shorten(actor.name, NAME_LIMIT), text=answer.text)


def _render_text(text: Mrkdwn) -> list[Block]:
    """Return one section, or as many as a long text needs, cut between lines."""
    if len(text) <= SECTION_LIMIT:
        return [section(text, block_id="text")] if text else []
    parts = pack_lines([Mrkdwn(line) for line in text.split("\n")])
    return [section(part, block_id=f"text:{index}") for index, part in enumerate(parts)]


def _summarise(answer: Reply, text: Mrkdwn) -> Mrkdwn:
    """Return the message's plain text: the first line, else the title or the table's caption."""
    spoken = next((line for line in text.split("\n") if line.strip()), "")
    table = answer.table
    caption = (
        join_dotted([table.caption if table.rows or not table.empty else table.empty, answer.page_label])
        if table
        else ""
    )
    return Mrkdwn(spoken) if spoken else escape(answer.title or caption or "Here's what I found.")


def _render_fields(fields: tuple[tuple[str, str], ...]) -> list[Block]:
    """Render (label, value) pairs, ten per section, which is Slack's limit."""
    drawn = [join_lines([bold(label), (value.strip() and value) or NOTHING]) for label, value in fields]
    groups = [drawn[start : start + 10] for start in range(0, len(drawn), 10)]
    return [_render_fields_block(group, index) for index, group in enumerate(groups)]


def _render_fields_block(group: list[Mrkdwn], index: int) -> Block:
    block = section(NOTHING, block_id=f"fields:{index}", fields=group)
    return {key: value for key, value in block.items() if key not in {"text", "expand"}}


def _render_page_buttons(answer: Reply, button_value: ButtonValue) -> Block | None:
    """Render the buttons that turn pages; the block id names the page, so each page's buttons have new ids."""
    turns = [(index, choice) for index, choice in enumerate(answer.buttons) if choice.turns_page]
    drawn = [
        button(turn.label, f"{TURN}{index}", button_value(index, turn), accessibility_label=turn.spoken_label)
        for index, turn in turns
    ]
    return actions(drawn, block_id=f"turn:{answer.page_label}")


def render_choices(buttons: tuple[Button, ...], button_value: ButtonValue) -> list[Block]:
    """Render rows of five buttons; ids are `choice:<index>:<operation>`, or `open:<index>` for plain links."""
    shown = [(index, choice) for index, choice in enumerate(buttons) if not choice.turns_page][:25]
    drawn = [_render_choice(index, choice, button_value) for index, choice in shown]
    starts = [*range(0, len(drawn), 5), len(drawn)]
    rows = [actions(drawn[start:end], block_id=f"choices:{start}") for start, end in pairwise(starts)]
    return [row for row in rows if row is not None]


def _render_choice(index: int, choice: Button, button_value: ButtonValue) -> Block:
    if choice.call is None:
        return button(
            choice.label,
            f"open:{index}",
            url=choice.url,
            style=choice.style,
            accessibility_label=choice.spoken_label,
        )
    return button(
        choice.label,
        f"choice:{index}:{choice.call.operation}",
        button_value(index, choice),
        style=choice.style,
        confirm=choice.confirm,
        url=choice.url,
        accessibility_label=choice.spoken_label,
    )


def render_nothing_to_do(error: NothingToDo, offer_value: Callable[[int], str]) -> Message:
    """Render that something was done already, with a button for each thing that can be done instead."""
    drawn = [
        button(label, f"choice:{index}:{operation}", offer_value(index))
        for index, (label, operation, _args) in enumerate(error.offers)
    ]
    text = escape(error.message)
    return message(text, [section(text, block_id="nothing"), actions(drawn, block_id="options")])


def render_problem(
    error: KitestringError, *, option_value: Callable[[int], str] | None = None, retry_value: str | None = None
) -> Message:
    """Render a problem for the requester; the options of an ambiguous name become buttons.

    `option_value(index)` returns the value of each option's button; `retry_value` adds “Try again”.
    """
    text = join_lines([md("⚠️ {summary}", summary=error.message), error.hint])
    offered = error.options if isinstance(error, Ambiguous) and option_value else ()
    drawn = [
        button(label, f"option:{index}", option_value(index) if option_value else "")
        for index, (label, _) in enumerate(offered[:20])
    ]
    again = button("Try again", "retry", retry_value, style="primary") if retry_value else None
    blocks = [section(text, block_id="problem"), actions([*drawn, again], block_id="options")]
    return message(md("⚠️ {summary}", summary=error.message), blocks)


def render_question(
    text: Mrkdwn, yes_value: str, no_value: str, *, yes: str = "Yes", no: str = "Never mind", danger: bool = True
) -> Message:
    """Render a private question with two buttons."""
    row = [
        button(yes, "confirm:yes", yes_value, style="danger" if danger else "primary"),
        button(no, "confirm:no", no_value),
    ]
    line = text.split("\n")[0]
    return message(Mrkdwn(line), [section(text, block_id="question"), actions(row, block_id="answers")])


def render_invitation_request(
    bot: str, *, again_value: str, anyway_value: str, no_value: str, invitable: bool = True, again: bool = False
) -> Message:
    """Ask for an invitation to a channel, or to continue with the updates in a direct message.

    `bot` is the bot's display name; `invitable` is False in a conversation between two people; `again`: the person
    said that they had invited the bot.
    """
    way = md("Type {handle} and try again, or start anyway", handle=code(f"/invite @{bot}")) if invitable else ""
    where = "this channel" if invitable else "this conversation"
    still = "still not" if again else "not"
    summary = md("I'm {still} in {where}, so I didn't start anything.", still=still, where=where)
    text = join_lines([summary, md("{way} and get the updates in a direct message.", way=way or "Start anyway")])
    row = [
        button("I invited it, try again", INVITED, again_value, style="primary") if invitable else None,
        button("Start anyway", "invite:anyway", anyway_value),
        button("Never mind", "invite:no", no_value),
    ]
    return message(summary, [section(text, block_id="invite"), actions(row, block_id="answers")])


def render_answered(text: str, *, public: bool, direct: bool = False) -> Message:
    """Render the message that replaces a private question once its operation is done.

    `public`: `text` follows the person's name in the public answer; `direct`: updates go by direct message.
    """
    done = md("You {text}.", text=text) if public else escape(text)
    summary = md("{done} You'll get updates in a direct message.", done=done) if direct else done
    return message(summary, [section(summary, block_id="answered")])


def render_internal_error(ref: str) -> Message:
    """Render an internal error; `ref` is its reference in the log."""
    text = md(
        "💥 Something broke on my side (ref {ref}). An admin can look that reference up in the log.",
        ref=code(ref),
    )
    return message(text, [section(text, block_id="bug")])


def render_interrupted(text: Mrkdwn, retry_value: str | None) -> Message:
    """Render the outcome of an interrupted request."""
    again = button("Do it now", "retry", retry_value, style="primary") if retry_value else None
    return message(text, [section(text, block_id="interrupted"), actions([again], block_id="options")])


def render_form_button(operation: str, label: str, value: str) -> Message:
    """Render a button that opens a form, because a mention can't open one."""
    text = md("`{name}` needs some details.", name=operation)
    open_it = button(label, f"choice:0:{operation}", value, style="primary")
    return message(text, [section(text, block_id="form"), actions([open_it], block_id="options")])


def render_offer(text: Mrkdwn, run_value: str) -> Message:
    """Render a command that the person may have meant, with a button that runs it."""
    run = button("Run it", "option:run", run_value, style="primary")
    return message(
        Mrkdwn(text.split("\n")[0]), [section(text, block_id="offer"), actions([run], block_id="options")]
    )


def render_note(text: str) -> Message:
    """Render one private sentence."""
    shown = escape(text)
    return message(shown, [section(shown, block_id="note")])
