"""What the page can do, act by act."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from simulators.demo_page.app import DemoPage
from simulators.demo_page.autoplay import Autoplay, take_step
from simulators.demo_page.buildkite_actions import SWITCHES
from simulators.slack.models import Message

VIEW: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Start a build"},
    "submit": {"type": "plain_text", "text": "Start"},
    "blocks": [
        {
            "type": "input",
            "block_id": "branch",
            "label": {"type": "plain_text", "text": "Branch"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


async def act(page: httpx.AsyncClient, act: str, /, **given: Any) -> httpx.Response:
    return await page.post(f"/acts/{act}", json={"as": "U0ALICE01", **given})


async def test_what_is_said_is_seen(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """A line from the composer stands in the channel, with the person's name."""
    await act(page, "say", channel="C0DEPLOYS", text="Ship it")
    assert [(m.user, m.text) for m in stage.slack.messages("C0DEPLOYS")] == [("U0ALICE01", "Ship it")]


async def test_a_command_nobody_answers_is_said_to_have_failed(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """With the bot away the person is told so in private, as Slack does."""
    await act(page, "say", channel="C0DEPLOYS", text="/bk help")
    assert "dispatch_failed" in stage.slack.ephemerals("U0ALICE01")[0].text


async def test_one_sees_only_what_one_may(stage: DemoPage) -> None:
    """A guest's scene has neither the private channel nor somebody else's private answers."""
    stage.slack.post_ephemeral(Message("C0DEPLOYS", "1.000001", "U0BOT0001", "only Alice", only_for="U0ALICE01"))
    seen = json.dumps(stage.scene("U0GWEN001"))
    assert "only Alice" not in seen
    assert "C0SECRETS" not in seen
    assert "C0SECRETS" in json.dumps(stage.scene("U0ALICE01"))


async def test_nobody_is_a_stranger(page: httpx.AsyncClient) -> None:
    """Acts and scenes of people who do not exist get 404."""
    answers = [await act(page, "say", **{"as": "U0NOBODY1", "channel": "C0DEPLOYS", "text": "x"})]
    answers.append(await page.get("/events?as=U0NOBODY1"))
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_a_required_input_left_empty_is_marked(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """Submitting a form with an empty required input sends nothing and shows Slack's own error."""
    view = stage.slack.open_views.open("U0ALICE01", VIEW)
    await act(page, "submit", view_id=view.id, values={})
    assert stage.scene("U0ALICE01")["modal"]["errors"] == {"branch": "Please complete this required field."}


async def test_entries_of_another_kind_are_not_taken_over(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """Only entries of the type that the form asks for fill it; unknown blocks are ignored."""
    view = stage.slack.open_views.open("U0ALICE01", VIEW)
    wrong = {"branch": {"value": {"type": "checkboxes", "selected_options": []}}, "other": {"x": {"type": "y"}}}
    await act(page, "submit", view_id=view.id, values=wrong)
    assert view.inputs == {"branch": {"value": {"type": "plain_text_input", "value": None}}}


async def test_a_form_that_was_closed_takes_nothing(page: httpx.AsyncClient) -> None:
    """Acts on a form that is not in front get 404 and a sentence."""
    answer = await act(page, "submit", view_id="V0GONE", values={})
    assert answer.status_code == 404
    assert answer.json()["problem"] == "That form is not open any more."


@pytest.mark.parametrize("name", sorted(SWITCHES))
async def test_each_switch_breaks_and_mends(page: httpx.AsyncClient, stage: DemoPage, name: str) -> None:
    """A switch breaks one part of the network, shows so, and mends it again."""
    await act(page, "network", name=name, on=True)
    assert [key for key, broken in stage.scene("U0ALICE01")["buildkite"]["network"].items() if broken] == [name]
    await act(page, "network", name=name, on=False)
    assert not any(stage.scene("U0ALICE01")["buildkite"]["network"].values())


async def test_buildkite_says_why_not(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """An act that Buildkite would refuse gets 409 with its words."""
    build = stage.buildkite.create_build("web")
    answer = await act(page, "finish_job", job=build.jobs[0].id, exit_status=0)
    assert answer.status_code == 409
    assert "cannot finish" in answer.json()["problem"]


async def test_unknown_acts_and_ids_are_not_found(page: httpx.AsyncClient) -> None:
    """Neither an unknown act nor an unknown message does anything."""
    unknown = await act(page, "fly")
    gone = await act(page, "click", ts="1.2", block_id="b", action_id="a")
    assert (unknown.status_code, gone.status_code) == (404, 404)


async def test_builds_left_alone_come_to_an_end(stage: DemoPage) -> None:
    """Autoplay brings every build to its end, and fails the same jobs for the same seed."""
    builds = [stage.buildkite.create_build("web") for _ in range(10)]
    for _ in range(200):
        take_step(stage.buildkite, Autoplay(seed=1))
    assert {build.state for build in builds} == {"passed", "failed"}
    unlucky = [Autoplay(seed=1).pick_failing_job(build) for build in builds]
    assert [[job for job in build.jobs if job.state == "failed"] for build in builds] == [
        [job] if job else [] for job in unlucky
    ]
    assert all(b"ships to islands" in job.log for job in unlucky if job)
