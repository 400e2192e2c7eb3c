"""Whatever is known of a failure, its card and its reply keep to Slack's limits and bring no mark to life."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds.cards.render import render_card
from bot.builds.failures.compare import FailureKind, FailedStep
from bot.builds.failures.model import LOG_SHOWN, Failure
from bot.builds.model import JobSummary
from bot.builds.replies.render import render_thread_reply
from tests.core.drawn import faults, live
from tests.core.facts_of_builds import LINT, NOW, UNIT, known

WORDS = st.text(alphabet=st.sampled_from("ab <>&|@!#`*_~\n:/."), max_size=300)
JOBS = JobSummary(counts={"failed": 2}, failed=(UNIT, LINT))


@st.composite
def told(draw: st.DrawFn) -> Failure:
    """A failure with words of others in it."""
    steps = [FailedStep(draw(st.sampled_from(FailureKind)), draw(WORDS), (job,)) for job in ("j1", "j2", "gone")]
    return Failure(
        steps=tuple(steps[: draw(st.integers(0, 3))]),
        before=draw(st.sampled_from(["", "web#100"])),
        log_job=draw(st.sampled_from([None, "j1", "gone"])),
        log=draw(st.text(max_size=LOG_SHOWN)),
        annotations=tuple(draw(st.lists(WORDS.filter(str.strip), max_size=2))),
    )


@settings(deadline=None)
@given(told(), st.sampled_from([None, "U0ANN"]))
def test_within_limits_and_harmless(failure: Failure, author: str | None) -> None:
    """No message is refused, and nothing in it mentions or links but what is ours."""
    drawn = render_card(known("failed"), JOBS, card_id="c", asked_by=None, now=NOW, failure=failure, author=author)
    reply = render_thread_reply("finished", known("failed"), JOBS, card_id="c", mention=author, failure=failure)
    for message in (drawn, reply):
        assert faults(message) == []
        assert {item for item in live(message) if not item.startswith("<https://buildkite.com/")} <= {"<@U0ANN>"}


@settings(deadline=None)
@given(told())
def test_equal_facts_give_equal_digests(failure: Failure) -> None:
    """A card that says the same is not drawn again, whatever the time."""
    first, second = (
        render_card(known("failed"), JOBS, card_id="c", asked_by="U0ANN", now=now, failure=failure)
        for now in (NOW, NOW.replace(hour=18))
    )
    assert first.digest() == second.digest()
