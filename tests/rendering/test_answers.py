"""Answers to people: lists, public answers, mistakes, questions and invitations."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from dataclasses import replace

from inline_snapshot import snapshot

from bot.errors import Ambiguous, Unavailable, UsageError
from bot.operations.render import (
    render_internal_error,
    render_invitation_request,
    render_problem,
    render_question,
    render_reply,
)
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, link, md
from bot.slack.types import Actor, Standing
from tests.rendering.message_checks import describe_message

ANN = Actor("U0ANN", "ann", "T1", Standing.MEMBER, "C1", "slash")


def render_answer(answer: Reply, actor: Actor | None = None) -> list[str]:
    """Render an answer as lines; each button's value is its index."""
    return describe_message(render_reply(answer, actor=actor, button_value=lambda index, _: f"row{index}"))


def test_a_public_answer_names_the_person() -> None:
    """A public answer begins with a mention of the person; a private one doesn't."""
    answer = Reply(
        data=None, text=md("paused agent {agent}: {note}", agent=code("mac-1"), note="disk <full>"), private=False
    )
    assert render_answer(answer, ANN) == snapshot(
        [
            "text: ann paused agent `mac-1`: disk &lt;full&gt;",
            "section: ann paused agent `mac-1`: disk &lt;full&gt;",
        ]
    )
    assert render_answer(replace(answer, private=True), ANN) == snapshot(
        ["text: paused agent `mac-1`: disk &lt;full&gt;", "section: paused agent `mac-1`: disk &lt;full&gt;"]
    )


def test_a_table_without_links_becomes_columns() -> None:
    """Plain cells are aligned, long ones shortened, empty ones shown as a dash."""
    rows = (("mac-1", "idle", ""), ("linux-<2>", "running", "y" * 60))
    assert render_answer(
        Reply(data=None, table=Table(("Agent", "State", "Job"), rows, caption="2 agents"))
    ) == snapshot(
        [
            "text: 2 agents",
            "table: 2 agents",
            "row: Agent | State | Job",
            "row: mac-1 | idle | –",
            "row: linux-<2> | running | yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        ]
    )


def test_a_table_with_links_becomes_lines() -> None:
    """Cells with links are kept, with one line per row."""
    rows = ((link("https://buildkite.com/acme/web/builds/1", "web#1"), "passed", "Fix <b>"),)
    assert render_answer(
        Reply(data=None, title="Builds", table=Table(("Build", "State", "Message"), rows))
    ) == snapshot(
        [
            "text: Builds",
            "section: *Builds*",
            "table: Builds",
            "row: Build | State | Message",
            "row: [web#1](https://buildkite.com/acme/web/builds/1) | passed | Fix <b>",
        ]
    )


def test_an_empty_listing_says_so() -> None:
    """A list without rows says that it is empty."""
    assert render_answer(
        Reply(data=None, table=Table(("Agent",), (), caption="No agent is connected"))
    ) == snapshot(["text: No agent is connected", "context: No agent is connected", "context: Nothing to show."])


def test_a_log_is_shown_as_it_is() -> None:
    """Log lines are preformatted, and markup in them is inert."""
    answer = Reply(
        data=None, title="Unit tests", log="$ make test\n<!here> ```FAILED```", footer="The last 2 lines."
    )
    assert render_answer(answer) == snapshot(
        [
            "text: Unit tests",
            "section: *Unit tests*",
            """\
section: ```
$ make test
&lt;!here&gt; ˋˋˋFAILEDˋˋˋ
```\
""",
            "context: The last 2 lines.",
        ]
    )


def test_fields_and_buttons() -> None:
    """Labels and values come first, then buttons: a call has a key, a link only its URL."""
    buttons = (
        Button(
            "Stop",
            Call("agent stop", {"agent": ["a1"]}),
            "danger",
            Confirm("Stop mac-1?", "Its job ends first.", "Stop"),
        ),
        Button("Open", url="https://buildkite.com/x"),
    )
    answer = Reply(data=None, text="Agent mac-1", fields=(("State", "idle"), ("Queue", "")), buttons=buttons)
    assert render_answer(answer) == snapshot(
        [
            "text: Agent mac-1",
            "section: Agent mac-1",
            """\
field: *State*
idle\
""",
            """\
field: *Queue*
–\
""",
            "buttons: Stop (danger) → choice:0:agent stop=row0 | Open → https://buildkite.com/x",
        ]
    )


def test_a_mistake_is_private_text_with_the_way_out() -> None:
    """The answer says what is wrong, then what is right."""
    error = UsageError("`build` has no `cancle`.", "Did you mean `cancel`?")
    assert describe_message(render_problem(error)) == snapshot(
        [
            "text: ⚠️ `build` has no `cancle`.",
            """\
section: ⚠️ `build` has no `cancle`.
Did you mean `cancel`?\
""",
        ]
    )


def test_options_of_an_ambiguous_name_become_buttons() -> None:
    """An ambiguous name is answered with a button for each option."""
    error = Ambiguous("2 agents are called `mac`.", "agent", (("mac-1 (idle)", "a1"), ("mac-2 (running)", "a2")))
    assert describe_message(render_problem(error, option_value=lambda index: f"option{index}")) == snapshot(
        [
            "text: ⚠️ 2 agents are called `mac`.",
            "section: ⚠️ 2 agents are called `mac`.",
            "buttons: mac-1 (idle) → option:0=option0 | mac-2 (running) → option:1=option1",
        ]
    )


def test_a_lost_answer_can_be_tried_again() -> None:
    """When Buildkite is down, the answer says so and has a button to try again."""
    error = Unavailable("Buildkite didn't answer.", "Nothing was started.")
    assert describe_message(render_problem(error, retry_value="again")) == snapshot(
        [
            "text: ⚠️ Buildkite didn't answer.",
            """\
section: ⚠️ Buildkite didn't answer.
Nothing was started.\
""",
            "buttons: Try again (primary) → retry=again",
        ]
    )


def test_a_harmful_command_needs_confirmation() -> None:
    """The question has two buttons."""
    assert describe_message(
        render_question(md("Cancel {ref}?", ref="web#101"), "yes1", "no1", yes="Cancel build")
    ) == snapshot(
        [
            "text: Cancel web#101?",
            "section: Cancel web#101?",
            "buttons: Cancel build (danger) → confirm:yes=yes1 | Never mind → confirm:no=no1",
        ]
    )


def test_the_bot_asks_for_an_invitation_where_it_cannot_post() -> None:
    """Without a place for its card, a build starts only if the person invites the bot or starts anyway."""
    values = {"again_value": "a", "anyway_value": "b", "no_value": "c"}
    channel = render_invitation_request("kitestring", **values)
    pair = render_invitation_request("kitestring", **values, invitable=False)
    assert {"channel": describe_message(channel), "two people": describe_message(pair)} == snapshot(
        {
            "channel": [
                "text: I'm not in this channel, so I didn't start anything.",
                """\
section: I'm not in this channel, so I didn't start anything.
Type `/invite @kitestring` and try again, or start anyway and get the updates in a direct message.\
""",
                "buttons: I invited it, try again (primary) → invite:again=a | Start anyway → invite:anyway=b | Never mind → invite:no=c",
            ],
            "two people": [
                "text: I'm not in this conversation, so I didn't start anything.",
                """\
section: I'm not in this conversation, so I didn't start anything.
Start anyway and get the updates in a direct message.\
""",
                "buttons: Start anyway → invite:anyway=b | Never mind → invite:no=c",
            ],
        }
    )


def test_an_internal_error_has_a_reference() -> None:
    """An internal error is admitted, with its reference in the log."""
    assert describe_message(render_internal_error("7f3a")) == snapshot(
        [
            "text: 💥 Something broke on my side (ref `7f3a`). An admin can look that reference up in the log.",
            "section: 💥 Something broke on my side (ref `7f3a`). An admin can look that reference up in the log.",
        ]
    )
