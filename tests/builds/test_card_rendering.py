"""A build's card and the replies in its thread, as people see them."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from bot.builds.cards.model import CardReaders
from bot.builds.cards.render import render_card
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.replies.render import render_thread_reply
from tests.rendering.message_checks import describe_message, find_faults
from tests.rendering.sample_builds import BLOCKED, FAILED, LINT, NOW, RUNNING, UNIT, make_tracked

EMPTY = JobSummary()


def render_lines(state: str, jobs: JobSummary = EMPTY, **changes: object) -> list[str]:
    """Return the card of a build that Ann requested."""
    message = render_card(
        make_tracked(state, **changes), jobs, card_id="c1", readers=CardReaders("U0ANN"), now=NOW
    )
    assert find_faults(message) == []
    return describe_message(message)


def test_a_build_that_waits_for_an_agent_can_be_canceled() -> None:
    """Creating and scheduled builds say so, since when, and offer Cancel."""
    assert {state: render_lines(state) for state in ("creating", "scheduled")} == snapshot(
        {
            "creating": [
                "text: ⏳ Fix the login &lt;form&gt; – web#101 is being created on main, requested by <@U0ANN>",
                "section: ⏳ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is being created on `main`",
                "context: requested by <@U0ANN> · `0123456` · created <!date^1795175700^{date_short_pretty} at {time}|2026-11-20 11:55 UTC>",
                "buttons: Cancel (danger) → build cancel=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
            ],
            "scheduled": [
                "text: 🕒 Fix the login &lt;form&gt; – web#101 is scheduled on main, requested by <@U0ANN>",
                "section: 🕒 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is scheduled on `main`",
                "context: requested by <@U0ANN> · `0123456` · created <!date^1795175700^{date_short_pretty} at {time}|2026-11-20 11:55 UTC>",
                "buttons: Cancel (danger) → build cancel=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
            ],
        }
    )


def test_a_running_build_shows_its_jobs_and_cancel() -> None:
    """A running build shows when it started, and its job counts."""
    assert render_lines("running", RUNNING) == snapshot(
        [
            "text: 🔵 Fix the login &lt;form&gt; – web#101 is running on main, requested by <@U0ANN>",
            "section: 🔵 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is running on `main`",
            "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC> · 3 of 6 jobs done · 1 running · 2 waiting",
            "buttons: Cancel (danger) → build cancel=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
        ]
    )


def test_a_failing_build_names_its_failed_jobs() -> None:
    """While it still runs, its failed jobs are linked, with Logs beside Cancel."""
    assert render_lines("failing", FAILED) == snapshot(
        [
            "text: 🟠 Fix the login &lt;form&gt; – web#101 is failing on main, requested by <@U0ANN>",
            "section: 🟠 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is failing on `main`",
            "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC> · 5 of 5 jobs done · 3 passed · 2 failed",
            """\
section: ❌ <https://buildkite.com/acme/web/builds/101#j1|Unit tests> · exit status 1
❌ <https://buildkite.com/acme/web/builds/101#j2|Lint> · timed out\
""",
            "buttons: Cancel (danger) → build cancel=c1 | Logs → job log=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
        ]
    )


def test_a_passed_build_says_how_long_it_took() -> None:
    """A passed build shows its duration and offers Rebuild."""
    assert render_lines("passed", JobSummary(counts={"passed": 6})) == snapshot(
        [
            "text: ✅ Fix the login &lt;form&gt; – web#101 passed on main, requested by <@U0ANN>",
            "section: ✅ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> passed on `main`",
            "context: requested by <@U0ANN> · `0123456` · took 3m 12s · 6 passed",
            "buttons: Rebuild → build rebuild=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101 | Rebuild with changes → build copy:c1",
        ]
    )


def test_a_failed_build_offers_the_next_steps() -> None:
    """A failed build names its jobs and offers Retry failed, Rebuild and Logs."""
    assert render_lines("failed", FAILED) == snapshot(
        [
            "text: ❌ Fix the login &lt;form&gt; – web#101 failed on main, requested by <@U0ANN>",
            "section: ❌ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> failed on `main`",
            "context: requested by <@U0ANN> · `0123456` · took 3m 12s · 3 passed · 2 failed",
            """\
section: ❌ <https://buildkite.com/acme/web/builds/101#j1|Unit tests> · exit status 1
❌ <https://buildkite.com/acme/web/builds/101#j2|Lint> · timed out\
""",
            "buttons: Retry failed → build retry=c1 | Rebuild → build rebuild=c1 | Logs → job log=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101 | Retry one job → job retry:c1 / Rebuild with changes → build copy:c1",
        ]
    )


def test_a_blocked_build_shows_the_step_and_unblock() -> None:
    """A blocked build shows the block step's label and Unblock, whatever its state field says."""
    assert render_lines("passed", BLOCKED, blocked=True) == snapshot(
        [
            "text: ✋ Fix the login &lt;form&gt; – web#101 is blocked on main, requested by <@U0ANN>",
            "section: ✋ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is blocked on `main`",
            "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC> · 3 of 4 jobs done · 1 blocked",
            "section: ✋ Waiting for “Release to production”",
            "buttons: Unblock (primary) → job unblock=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
        ]
    )


def test_a_canceled_build_can_be_rebuilt() -> None:
    """Canceling offers nothing but the page, canceled offers Rebuild."""
    assert {state: render_lines(state) for state in ("canceling", "canceled")} == snapshot(
        {
            "canceling": [
                "text: 🚫 Fix the login &lt;form&gt; – web#101 is being canceled on main, requested by <@U0ANN>",
                "section: 🚫 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is being canceled on `main`",
                "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC>",
                "buttons: Open in Buildkite → https://buildkite.com/acme/web/builds/101",
            ],
            "canceled": [
                "text: 🚫 Fix the login &lt;form&gt; – web#101 was canceled on main, requested by <@U0ANN>",
                "section: 🚫 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> was canceled on `main`",
                "context: requested by <@U0ANN> · `0123456` · took 3m 12s",
                "buttons: Rebuild → build rebuild=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101 | Rebuild with changes → build copy:c1",
            ],
        }
    )


def test_a_build_that_never_ran_says_so() -> None:
    """Skipped and not run are ends, in words."""
    assert {state: render_lines(state) for state in ("skipped", "not_run")} == snapshot(
        {
            "skipped": [
                "text: ⏭️ Fix the login &lt;form&gt; – web#101 was skipped on main, requested by <@U0ANN>",
                "section: ⏭️ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> was skipped on `main`",
                "context: requested by <@U0ANN> · `0123456` · created <!date^1795175700^{date_short_pretty} at {time}|2026-11-20 11:55 UTC>",
                "buttons: Rebuild → build rebuild=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101 | Rebuild with changes → build copy:c1",
            ],
            "not_run": [
                "text: ⏭️ Fix the login &lt;form&gt; – web#101 was not run on main, requested by <@U0ANN>",
                "section: ⏭️ *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> was not run on `main`",
                "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC>",
                "buttons: Rebuild → build rebuild=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101 | Rebuild with changes → build copy:c1",
            ],
        }
    )


def test_a_deleted_build_has_no_buttons() -> None:
    """A build that Buildkite no longer returns can't be acted on."""
    deleted = replace(make_tracked("running"), deleted=True)
    assert describe_message(
        render_card(deleted, RUNNING, card_id="c1", readers=CardReaders("U0ANN"), now=NOW)
    ) == snapshot(
        [
            "text: 👻 Fix the login &lt;form&gt; – web#101 is gone from Buildkite, requested by <@U0ANN>",
            "section: 👻 *Fix the login &lt;form&gt;* – web#101 is gone from Buildkite",
            "context: requested by <@U0ANN> · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC>",
        ]
    )


def test_an_unknown_state_is_shown_as_it_is() -> None:
    """A state that Buildkite introduces later is shown by its name."""
    assert render_lines("half_baked")[0] == snapshot(
        "text: ❔ Fix the login &lt;form&gt; – web#101 is half baked on main, requested by <@U0ANN>"
    )


def test_a_followed_build_names_who_started_it() -> None:
    """A followed build shows its creator in Buildkite beside the person who follows it."""
    message = render_card(
        make_tracked("running"), EMPTY, card_id="c1", readers=CardReaders("U0BOB", watching=True), now=NOW
    )
    assert describe_message(message) == snapshot(
        [
            "text: 🔵 Fix the login &lt;form&gt; – web#101 is running on main, followed for <@U0BOB>",
            "section: 🔵 *Fix the login &lt;form&gt;* – <https://buildkite.com/acme/web/builds/101|web#101> is running on `main`",
            "context: followed for <@U0BOB> · started by Ann &amp; Co · `0123456` · started <!date^1795175760^{date_short_pretty} at {time}|2026-11-20 11:56 UTC>",
            "buttons: Cancel (danger) → build cancel=c1 | Open in Buildkite → https://buildkite.com/acme/web/builds/101",
        ]
    )


def test_more_than_five_failed_jobs_are_counted() -> None:
    """Five failed jobs are named, the rest are counted."""
    jobs = JobSummary(failed=tuple(UNIT.model_copy(update={"id": f"j{n}", "name": f"Test {n}"}) for n in range(8)))
    assert render_lines("failed", jobs)[3].split("\n")[4:] == snapshot(
        ["❌ <https://buildkite.com/acme/web/builds/101#j1|Test 4> · exit status 1", "and 3 more failed jobs"]
    )


def test_retry_is_offered_only_if_a_job_can_be_retried() -> None:
    """A build whose failed jobs are broken offers no retry."""
    broken = JobSummary(failed=(LINT.model_copy(update={"state": "broken"}),))
    assert "build retry" not in render_lines("failed", broken)[-1]
    assert "build retry" in render_lines("failed", FAILED)[-1]


def make_unconfirmed(seconds: int) -> TrackedBuild:
    """Return a build with a change that was reported this long ago and never confirmed."""
    reported_at = NOW - timedelta(seconds=seconds)
    return replace(
        make_tracked("running"),
        changes_reported=1,
        seen_at=reported_at,
        read_at=reported_at - timedelta(minutes=3),
    )


def test_an_unconfirmed_card_shows_its_age_after_a_minute() -> None:
    """A card that has been unconfirmed for over a minute says as of when it is true."""
    fresh = render_card(make_unconfirmed(60), RUNNING, card_id="c1", readers=CardReaders(), now=NOW)
    stale = render_card(make_unconfirmed(61), RUNNING, card_id="c1", readers=CardReaders(), now=NOW)
    assert not any("as of" in line for line in describe_message(fresh))
    assert [line for line in describe_message(stale) if "as of" in line] == snapshot(
        ["context: as of <!date^1795175759^{time}|2026-11-20 11:55 UTC>"]
    )


def test_equal_facts_look_the_same_at_any_time() -> None:
    """A card with the same facts is the same an hour or a revision later."""
    now = render_card(make_tracked("running"), RUNNING, card_id="c1", readers=CardReaders("U0ANN"), now=NOW)
    later = render_card(
        replace(make_tracked("running"), revision=9),
        RUNNING,
        card_id="c1",
        readers=CardReaders("U0ANN"),
        now=NOW + timedelta(hours=1),
    )
    assert now.digest() == later.digest()
    assert now.blocks[-1]["block_id"] == "card:c1:3"
    assert later.blocks[-1]["block_id"] == "card:c1:9"


def test_another_state_looks_different() -> None:
    """A visible difference changes the digest."""
    cards = [
        render_card(make_tracked(state), EMPTY, card_id="c1", readers=CardReaders(), now=NOW)
        for state in ("running", "canceling")
    ]
    assert cards[0].digest() != cards[1].digest()


@pytest.mark.parametrize("kind", ["running", "resumed", "blocked", "failing", "finished", "gone"])
def test_every_reply_names_its_build(kind: str) -> None:
    """Each reply names pipeline and number, in its fallback text too."""
    message = render_thread_reply(kind, make_tracked("failed"), FAILED, card_id="c1", mention="U0ANN")
    assert find_faults(message) == []
    assert "web#101" in message.text
    assert "web#101" in message.blocks[0]["text"]["text"]


def test_the_replies_in_a_builds_thread() -> None:
    """Every kind of reply mentions the right person and has the right buttons."""
    blocked = make_tracked("passed", blocked=True)
    replies = {
        "running": render_thread_reply("running", make_tracked("running"), RUNNING, card_id="c1", mention="U0ANN"),
        "resumed": render_thread_reply("resumed", make_tracked("running"), RUNNING, card_id="c1", mention="U0ANN"),
        "blocked": render_thread_reply("blocked", blocked, BLOCKED, card_id="c1", mention="U0ANN"),
        "blocked, step unknown": render_thread_reply("blocked", blocked, EMPTY, card_id="c1"),
        "failing": render_thread_reply("failing", make_tracked("failing"), FAILED, card_id="c1", mention="U0ANN"),
        "passed": render_thread_reply("finished", make_tracked("passed"), EMPTY, card_id="c1", mention="U0ANN"),
        "failed": render_thread_reply("finished", make_tracked("failed"), FAILED, card_id="c1", mention="U0ANN"),
        "failed, nobody asked": render_thread_reply("finished", make_tracked("failed"), FAILED, card_id="c1"),
        "canceled": render_thread_reply(
            "finished", make_tracked("canceled"), EMPTY, card_id="c1", mention="U0ANN"
        ),
        "not run": render_thread_reply("finished", make_tracked("not_run"), EMPTY, card_id="c1", mention="U0ANN"),
        "gone": render_thread_reply("gone", make_tracked("running"), EMPTY, card_id="c1", mention="U0ANN"),
    }
    assert {kind: describe_message(message) for kind, message in replies.items()} == snapshot(
        {
            "running": [
                "text: 🔵 web#101 started running.",
                "section: 🔵 <https://buildkite.com/acme/web/builds/101|web#101> started running.",
            ],
            "resumed": [
                "text: 🔵 web#101 is running again.",
                "section: 🔵 <https://buildkite.com/acme/web/builds/101|web#101> is running again.",
            ],
            "blocked": [
                "text: ✋ web#101 is waiting for “Release to production”",
                "section: ✋ <https://buildkite.com/acme/web/builds/101|web#101> is waiting for “Release to production”",
                "buttons: Unblock (primary) → job unblock=c1",
            ],
            "blocked, step unknown": [
                "text: ✋ web#101 is blocked until someone unblocks it.",
                "section: ✋ <https://buildkite.com/acme/web/builds/101|web#101> is blocked until someone unblocks it.",
                "buttons: Unblock (primary) → job unblock=c1",
            ],
            "failing": [
                "text: 🟠 web#101 is failing: Unit tests (exit 1) and 1 more",
                "section: 🟠 <https://buildkite.com/acme/web/builds/101|web#101> is failing: <https://buildkite.com/acme/web/builds/101#j1|Unit tests> (exit 1) and 1 more",
            ],
            "passed": [
                "text: ✅ web#101 passed after 3m 12s.",
                "section: ✅ <https://buildkite.com/acme/web/builds/101|web#101> passed after 3m 12s.",
            ],
            "failed": [
                "text: <@U0ANN> ❌ web#101 failed: Unit tests (exit 1) and 1 more",
                "section: <@U0ANN> ❌ <https://buildkite.com/acme/web/builds/101|web#101> failed: <https://buildkite.com/acme/web/builds/101#j1|Unit tests> (exit 1) and 1 more",
            ],
            "failed, nobody asked": [
                "text: ❌ web#101 failed: Unit tests (exit 1) and 1 more",
                "section: ❌ <https://buildkite.com/acme/web/builds/101|web#101> failed: <https://buildkite.com/acme/web/builds/101#j1|Unit tests> (exit 1) and 1 more",
            ],
            "canceled": [
                "text: 🚫 web#101 was canceled after 3m 12s.",
                "section: 🚫 <https://buildkite.com/acme/web/builds/101|web#101> was canceled after 3m 12s.",
            ],
            "not run": [
                "text: ⏭️ web#101 was not run.",
                "section: ⏭️ <https://buildkite.com/acme/web/builds/101|web#101> was not run.",
            ],
            "gone": [
                "text: 👻 web#101 is no longer in Buildkite: it was deleted, or I lost access to it.",
                "section: 👻 web#101 is no longer in Buildkite: it was deleted, or I lost access to it.",
            ],
        }
    )


def test_counts_wait_for_a_read() -> None:
    """Counts of an ended build are shown once a read has confirmed them: never `passed` beside `1 waiting`."""
    confirmed, counts = make_tracked("passed"), {"passed": 3, "waiting": 1}
    reported = replace(confirmed, changes_reported=1, read_phase="running")
    shown = [
        describe_message(render_card(tracked, JobSummary(counts), card_id="c1", readers=CardReaders(), now=NOW))[2]
        for tracked, counts in (
            (reported, {"passed": 4}),
            (confirmed, counts),
            (confirmed, {"passed": 4}),
            (make_tracked("running"), counts),
        )
    ]
    assert ["passed" in line or "waiting" in line for line in shown] == [False, False, True, True]
