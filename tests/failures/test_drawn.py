"""The card and the reply about any failure keep to Slack's limits and bring no markup to life."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.builds.cards.model import CardReaders
from bot.builds.cards.render import render_card
from bot.builds.failures.compare import FailedStep, FailureKind
from bot.builds.failures.model import LOG_SHOWN, Failure
from bot.builds.model import JobSummary
from bot.builds.replies.render import render_thread_reply
from tests.rendering.message_checks import find_faults, find_live_markup
from tests.rendering.sample_builds import LINT, NOW, UNIT, make_tracked

WORDS = st.text(alphabet=st.sampled_from("ab <>&|@!#`*_~\n:/."), max_size=300)
JOBS = JobSummary(counts={"failed": 2}, failed=(UNIT, LINT))


@st.composite
def make_failures(draw: st.DrawFn) -> Failure:
    """Draw failures with hostile text in them."""
    steps = [
        FailedStep(
            draw(st.sampled_from(FailureKind)), draw(WORDS), (job,), draw(WORDS), draw(st.integers(0, 2)), 9
        )
        for job in ("j1", "j2", "gone")
    ]
    return Failure(
        steps=tuple(steps[: draw(st.integers(0, 3))]),
        compared=draw(st.booleans()),
        log_job=draw(st.sampled_from([None, "j1", "gone"])),
        log=draw(st.text(max_size=LOG_SHOWN)),
        annotations=tuple(draw(st.lists(WORDS.filter(str.strip), max_size=2))),
    )


@given(make_failures(), st.sampled_from([None, "U0ANN"]))
def test_within_limits_and_harmless(failure: Failure, author: str | None) -> None:
    """No message is refused, and it mentions and links only what Kitestring put there."""
    drawn = render_card(
        make_tracked("failed"), JOBS, card_id="c", readers=CardReaders(author=author), now=NOW, failure=failure
    )
    replies = [
        render_thread_reply(
            "finished",
            make_tracked("failed"),
            JOBS,
            card_id="c",
            mention=author,
            failure=failure,
            stands_alone=alone,
        )
        for alone in (False, True)
    ]
    for message in (drawn, *replies):
        assert find_faults(message) == []
        assert {item for item in find_live_markup(message) if not item.startswith("<https://buildkite.com/")} <= {
            "<@U0ANN>"
        }


@given(make_failures())
def test_equal_facts_give_equal_digests(failure: Failure) -> None:
    """A card with the same content isn't drawn again, whatever the time."""
    first, second = (
        render_card(
            make_tracked("failed"), JOBS, card_id="c", readers=CardReaders("U0ANN"), now=now, failure=failure
        )
        for now in (NOW, NOW.replace(hour=18))
    )
    assert first.digest() == second.digest()
