"""Messages stay within Slack's limits and mention no one, whatever text comes from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.buildkite.models import Build, Job, Person
from bot.builds.cards.model import CardReaders
from bot.builds.cards.render import render_card
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.replies.render import render_thread_reply
from bot.errors import Ambiguous, KitestringError, UsageError
from bot.operations.build_wording import PHASES
from bot.operations.render import (
    render_internal_error,
    render_invitation_request,
    render_problem,
    render_question,
    render_reply,
)
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import Confirm, Message
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import escape, link
from bot.slack.types import Actor, Standing
from tests.rendering.message_checks import find_faults, find_live_markup
from tests.sampling import many_examples

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SIGNS = ("<!channel>", "<@U0EVE>", "<https://evil.test|ok>", "<!date^1^{ago}|x>", "&lt;!here&gt;", "```\n<!here>")
ODD = ("", " ", "\n", "\0", "`", "```", "*_~", "|>", "@here", "\ud800")
LONG = ("&" * 4000, "<" * 4000, "x" * 5000, "a\n" * 3000)
HOSTILE = st.one_of(st.sampled_from((*SIGNS, *ODD, *LONG)), st.text(max_size=40))
MAYBE = st.none() | HOSTILE
MOMENTS = st.none() | st.integers(0, 10**6).map(lambda second: NOW - timedelta(seconds=second))
URLS = st.sampled_from(
    ["", "https://buildkite.com/acme/web/builds/1", "javascript:alert(1)", "https://x.test/<!here>"]
)
STATES = st.sampled_from((*PHASES, "half_baked")) | HOSTILE
JOBS = st.lists(
    st.builds(
        Job,
        id=HOSTILE,
        name=MAYBE,
        label=MAYBE,
        state=st.sampled_from(["failed", "timed_out", "broken", "blocked"]),
        exit_status=st.none() | st.integers(-1, 255),
        web_url=URLS,
    ),
    max_size=7,
).map(tuple)
SUMMARIES = st.builds(
    JobSummary, counts=st.dictionaries(HOSTILE, st.integers(-1, 99), max_size=12), failed=JOBS, waiting=JOBS
)
BUILDS = st.builds(
    Build,
    id=st.just("b"),
    number=st.integers(1, 10**6),
    state=STATES,
    url=HOSTILE.map(
        lambda slug: f"https://api.test/v2/organizations/acme/pipelines/{slug.replace('/', '')}/builds/1"
    ),
    web_url=URLS,
    blocked=st.booleans(),
    message=MAYBE,
    branch=MAYBE,
    commit=MAYBE,
    creator=st.none() | st.builds(Person, name=MAYBE, email=MAYBE),
    created_at=MOMENTS,
    started_at=MOMENTS,
    finished_at=MOMENTS,
)
KNOWN = st.builds(
    TrackedBuild,
    build=BUILDS,
    seen_at=MOMENTS.filter(bool),
    read_at=MOMENTS,
    changes_reported=st.integers(0, 2),
    revision=st.integers(0, 9),
    deleted=st.booleans(),
)
ACTORS = st.none() | st.sampled_from(
    [
        Actor("U0ANN", "ann", "T1", Standing.MEMBER, "C1", "slash"),
        Actor("<!here>", "x", "T1", Standing.BOT, "C1", "mcp"),
    ]
)
CELLS = st.one_of(HOSTILE, HOSTILE.map(escape), HOSTILE.map(lambda text: link("https://buildkite.com/x", text)))
TABLES = st.builds(
    Table,
    columns=st.lists(HOSTILE, min_size=1, max_size=4).map(tuple),
    rows=st.lists(st.lists(CELLS, max_size=4).map(tuple), max_size=8).map(tuple),
    caption=HOSTILE,
)
BUTTONS = st.builds(
    Button,
    label=HOSTILE,
    call=st.none() | st.builds(Call, st.sampled_from(["build cancel", "job log"])),
    style=st.sampled_from([None, "primary", "danger", "loud"]),
    confirm=st.none() | st.builds(Confirm, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    url=st.none() | st.just("https://buildkite.com/x"),
    spoken_label=MAYBE,
)
REPLIES = st.builds(
    Reply,
    text=HOSTILE | HOSTILE.map(escape),
    title=HOSTILE,
    fields=st.lists(st.tuples(HOSTILE, HOSTILE), max_size=25).map(tuple),
    table=st.none() | TABLES,
    log=MAYBE,
    footer=HOSTILE,
    buttons=st.lists(BUTTONS, max_size=30).map(tuple),
    private=st.booleans(),
)
OURS = ("<https://buildkite.com/", "<@U0ANN>", "<!date^")


def check_message(message: Message) -> None:
    """Assert that a message is within Slack's limits, and that no text from outside becomes markup."""
    assert find_faults(message) == []
    assert [sign for sign in find_live_markup(message) if not sign.startswith(OURS)] == []
    assert not any(
        "U0EVE" in sign or "evil" in sign for sign in find_live_markup(message) if not sign.startswith(OURS[0])
    )
    message.digest().encode()


@many_examples(60)
@given(KNOWN, SUMMARIES, st.sampled_from([None, "U0ANN", "<!channel>"]), st.booleans())
def test_a_card_of_any_build_is_in_order(
    known: TrackedBuild, jobs: JobSummary, asked: str | None, watching: bool
) -> None:
    """Branches, messages, names and labels of any content and length give a card that Slack accepts."""
    check_message(render_card(known, jobs, card_id="c1", readers=CardReaders(asked, watching=watching), now=NOW))


@many_examples(60)
@given(
    st.sampled_from(["running", "resumed", "blocked", "failing", "finished", "gone"]),
    KNOWN,
    SUMMARIES,
    st.sampled_from([None, "U0ANN"]),
)
def test_a_notice_of_any_build_is_in_order(
    kind: str, known: TrackedBuild, jobs: JobSummary, mention: str | None
) -> None:
    """Every kind of reply about any build fits, and mentions only the requester."""
    check_message(render_thread_reply(kind, known, jobs, card_id="c1", mention=mention))


@many_examples(60)
@given(REPLIES, ACTORS)
def test_any_answer_is_in_order(answer: Reply, actor: Actor | None) -> None:
    """Texts, fields, tables, logs and buttons of any content fit into one message."""
    check_message(
        render_reply(answer, actor=actor, button_value=lambda index, button: f"v{index}{button.label[:0]}")
    )


@many_examples(40)
@given(HOSTILE, HOSTILE, st.lists(st.tuples(HOSTILE, HOSTILE), max_size=30))
def test_any_mistake_is_in_order(text: str, hint: str, options: list[tuple[str, str]]) -> None:
    """Text of people and of Buildkite in errors stays inert, and each option has a button."""
    errors = (KitestringError(text, hint), UsageError(text, hint), Ambiguous(text, "agent", tuple(options), hint))
    for error in errors:
        check_message(render_problem(error, option_value=lambda index: f"o{index}", retry_value="again"))


@many_examples(40)
@given(HOSTILE)
def test_questions_and_refusals_to_post_are_in_order(text: str) -> None:
    """Questions, invitations and internal errors fit, whatever text they hold."""
    for message in (
        render_question(escape(text), "yes", "no", yes=text, no=text),
        render_invitation_request(text, again_value="a", anyway_value="b", no_value="c"),
        render_invitation_request(text, again_value="a", anyway_value="b", no_value="c", invitable=False),
        render_internal_error(text),
    ):
        check_message(message)


def test_a_long_listing_and_a_long_log_fit() -> None:
    """Hundreds of rows and a megabyte of log are shortened to one message, the log to its end."""
    rows = tuple((f"agent-{n}", "<idle>" * 8, "x" * 200) for n in range(500))
    links = tuple((link("https://buildkite.com/x", f"build {n}"), "<!here>" * 30) for n in range(500))
    long = "line <b> & more\n" * 70_000 + "the end"
    for table in (Table(("Agent", "State", "Tags"), rows), Table(("Build", "Message"), links)):
        answer = Reply(
            data=None, table=table, log=long, title="Agents", fields=tuple(("a", "b") for _ in range(60))
        )
        message = render_reply(answer, actor=None, button_value=lambda index, _: str(index))
        check_message(message)
        assert any("the end\n```" in block.get("text", {}).get("text", "") for block in message.blocks)
