"""People find a build's buttons in the same order wherever they are."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.builds.cards.buttons import render_buttons
from bot.builds.links.render import render_followable_preview, render_job_preview
from bot.builds.model import JobSummary
from bot.builds.replies.render import render_thread_reply
from bot.operations.button_order import rank_button
from bot.slack.blockkit.blocks import Message, list_elements
from commands.build.view import make_buttons
from tests.rendering.sample_builds import BLOCKED, FAILED, GATE, RUNNING, UNIT, make_build, make_tracked


def list_operations(message: Message) -> list[str]:
    """Return the operations of a message's buttons, in their order."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return [str(element["action_id"]) for row in rows for element in list_elements(row)]


@pytest.mark.parametrize(
    ("state", "jobs"), [("running", RUNNING), ("failing", FAILED), ("failed", FAILED), ("passed", BLOCKED)]
)
def test_one_order_everywhere(state: str, jobs: JobSummary) -> None:
    """Card, preview, reply and view have the buttons that they share in one order."""
    blocked = jobs is BLOCKED
    tracked = make_tracked(state, blocked=blocked)
    listed = make_build(state, blocked=blocked, jobs=(*jobs.failed, *jobs.waiting))
    card = [str(button["action_id"]) for button in render_buttons(tracked, jobs, "c", mute=True)]
    reply = render_thread_reply("finished", tracked, jobs, card_id="c", stands_alone=True)
    preview = render_followable_preview(reply, tracked, "c")
    view = [button.call.operation for button in make_buttons(listed) if button.call]
    for shown in (card, list_operations(reply), list_operations(preview), view):
        assert all(rank_button(first) <= rank_button(second) for first, second in pairwise(shown)), shown
    assert card


def test_a_job_has_its_buttons_in_that_order() -> None:
    """Retry comes before the log, and both before the link."""
    job = UNIT.model_copy(update={"started_at": make_build("failed").started_at})
    assert list_operations(render_job_preview(make_tracked("failed"), job, "c")) == [
        "job retry",
        "job log",
        "open",
    ]
    assert list_operations(render_job_preview(make_tracked("failed"), GATE, "c")) == ["job unblock"]
