"""Job counts continue from the last read as webhooks report jobs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.builds.job_counts import JobMove, apply_moves

READ = {"scheduled": 4, "running": 2, "passed": 1}


def move(state: str, *words: str) -> JobMove:
    """Return one attempt that moved like this."""
    began, ended, retried, again = (word in words for word in ("began", "ended", "retried", "again"))
    return JobMove(state, began, ended, retried, again, 1)


def test_a_job_that_began_is_no_longer_scheduled() -> None:
    """One of four waiting jobs is running now."""
    assert apply_moves(READ, [move("running", "began")]) == {"scheduled": 3, "running": 3, "passed": 1}


def test_a_job_that_ran_and_ended_is_counted_where_it_ended() -> None:
    """A job that was running at the read has failed since."""
    assert apply_moves(READ, [move("failed", "ended")]) == {"scheduled": 4, "running": 1, "passed": 1, "failed": 1}


def test_a_late_webhook_is_not_counted_twice() -> None:
    """A late webhook reports what the counts contain already."""
    assert apply_moves(READ, [move("passed"), move("running")]) == READ


def test_a_retry_replaces_the_failed_attempt() -> None:
    """The failed attempt is no longer counted, its retry is."""
    failed = {**READ, "failed": 1}
    assert apply_moves(failed, [move("failed", "retried"), move("running", "began", "again")]) == {
        **READ,
        "running": 3,
    }


def test_an_attempt_retried_before_the_read_is_not_subtracted_again() -> None:
    """An attempt that had been retried was in no count; a final failure stays counted."""
    read = {"passed": 1, "failed": 1}
    assert apply_moves(read, [move("failed", "retried"), move("passed", "again"), move("failed")]) == read


def test_an_attempt_that_failed_and_was_retried_is_not_counted() -> None:
    """It was running at the read; its retry runs now, and no other failure is subtracted."""
    failed = {"running": 1, "failed": 2}
    assert apply_moves(failed, [move("failed", "ended", "retried"), move("running", "began", "again")]) == failed


@given(st.integers(0, 9), st.integers(0, 9))
def test_no_job_is_lost_or_made_up(began: int, ended: int) -> None:
    """The number of jobs stays the same, whatever they do."""
    read = {"scheduled": 9, "running": 9}
    moves = [move("passed", "began", "ended")] * began + [move("failed", "ended")] * ended
    assert sum(apply_moves(read, moves).values()) == sum(read.values())
