"""Counts of jobs go on from what was read, as the jobs themselves are heard of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.builds.job_counts import JobMove, apply_moves

READ = {"scheduled": 4, "running": 2, "passed": 1}


def move(state: str, *words: str) -> JobMove:
    """One attempt, of which these words are true."""
    began, ended, retried, again = (word in words for word in ("began", "ended", "retried", "again"))
    return JobMove(state, began, ended, retried, again, 1)


def test_a_job_that_began_is_no_longer_scheduled() -> None:
    """One of four that waited runs now."""
    assert apply_moves(READ, [move("running", "began")]) == {"scheduled": 3, "running": 3, "passed": 1}


def test_a_job_that_ran_and_ended_is_counted_where_it_ended() -> None:
    """One that ran when it was read has failed since."""
    assert apply_moves(READ, [move("failed", "ended")]) == {"scheduled": 4, "running": 1, "passed": 1, "failed": 1}


def test_what_had_ended_when_it_was_read_is_not_counted_twice() -> None:
    """A webhook that came late tells of what the counts have already."""
    assert apply_moves(READ, [move("passed"), move("running")]) == READ


def test_a_retried_attempt_gives_its_place_to_the_next_one() -> None:
    """The failed attempt is counted no more, the one in its place is."""
    failed = {**READ, "failed": 1}
    assert apply_moves(failed, [move("failed", "retried"), move("running", "began", "again")]) == {**READ, "running": 3}


def test_what_was_retried_before_it_was_read_is_not_taken_away_again() -> None:
    """An attempt that failed and was retried was in no count; one that fails for good stays."""
    read = {"passed": 1, "failed": 1}
    assert apply_moves(read, [move("failed", "retried"), move("passed", "again"), move("failed")]) == read


def test_an_attempt_that_failed_and_was_retried_since_is_counted_nowhere() -> None:
    """It ran when it was read; the attempt in its place runs now, and no other failure is taken away for it."""
    failed = {"running": 1, "failed": 2}
    assert apply_moves(failed, [move("failed", "ended", "retried"), move("running", "began", "again")]) == failed


@given(st.integers(0, 9), st.integers(0, 9))
def test_no_job_is_lost_or_made_up(began: int, ended: int) -> None:
    """Of jobs that were there when it was read, as many are counted after whatever they did."""
    read = {"scheduled": 9, "running": 9}
    moves = [move("passed", "began", "ended")] * began + [move("failed", "ended")] * ended
    assert sum(apply_moves(read, moves).values()) == sum(read.values())
