"""The page's actions."""

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


async def test_a_posted_line_appears_in_the_channel(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """A line from the composer appears in the channel, with the person's name."""
    await act(page, "post", channel="C0DEPLOYS", text="Ship it")
    assert [(m.user, m.text) for m in stage.slack.messages("C0DEPLOYS")] == [("U0ALICE01", "Ship it")]


async def test_an_unanswered_command_is_reported_as_failed(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """If the bot is away, the person gets an ephemeral message, as in Slack."""
    await act(page, "post", channel="C0DEPLOYS", text="/bk help")
    assert "dispatch_failed" in stage.slack.ephemerals("U0ALICE01")[0].text


async def test_people_see_only_their_own_channels(stage: DemoPage) -> None:
    """A guest's scene has neither the private channel nor other people's ephemeral messages."""
    stage.slack.post_ephemeral(Message("C0DEPLOYS", "1.000001", "U0BOT0001", "only Alice", only_for="U0ALICE01"))
    seen = json.dumps(stage.scene("U0GWEN001"))
    assert "only Alice" not in seen
    assert "C0SECRETS" not in seen
    assert "C0SECRETS" in json.dumps(stage.scene("U0ALICE01"))


async def test_unknown_people_are_not_found(page: httpx.AsyncClient) -> None:
    """Actions and scenes of unknown people get 404."""
    answers = [await act(page, "post", **{"as": "U0NOBODY1", "channel": "C0DEPLOYS", "text": "x"})]
    answers.append(await page.get("/events?as=U0NOBODY1"))
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_a_required_input_left_empty_is_marked(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """Submitting a form with an empty required input sends nothing and shows Slack's own error."""
    view = stage.slack.open_views.open("U0ALICE01", VIEW)
    await act(page, "submit", view_id=view.id, values={})
    assert stage.scene("U0ALICE01")["modal"]["errors"] == {"branch": "Please complete this required field."}


async def test_entries_of_another_kind_are_ignored(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """Only entries of the expected type fill a form; unknown blocks are ignored."""
    view = stage.slack.open_views.open("U0ALICE01", VIEW)
    wrong = {"branch": {"value": {"type": "checkboxes", "selected_options": []}}, "other": {"x": {"type": "y"}}}
    await act(page, "submit", view_id=view.id, values=wrong)
    assert view.inputs == {"branch": {"value": {"type": "plain_text_input", "value": None}}}


async def test_a_closed_form_accepts_nothing(page: httpx.AsyncClient) -> None:
    """Actions on a form that isn't in front get 404 with a message."""
    answer = await act(page, "submit", view_id="V0GONE", values={})
    assert answer.status_code == 404
    assert answer.json()["problem"] == "That form is no longer open."


@pytest.mark.parametrize("name", sorted(SWITCHES))
async def test_each_switch_breaks_and_restores(page: httpx.AsyncClient, stage: DemoPage, name: str) -> None:
    """A switch breaks one part of the network, shows it, and restores it."""
    await act(page, "network", name=name, on=True)
    assert [key for key, broken in stage.scene("U0ALICE01")["buildkite"]["network"].items() if broken] == [name]
    await act(page, "network", name=name, on=False)
    assert not any(stage.scene("U0ALICE01")["buildkite"]["network"].values())


async def test_a_refusal_of_buildkite_is_shown(page: httpx.AsyncClient, stage: DemoPage) -> None:
    """An action that Buildkite refuses gets 409 with its message."""
    build = stage.buildkite.create_build("web")
    answer = await act(page, "finish_job", job=build.jobs[0].id, exit_status=0)
    assert answer.status_code == 409
    assert "cannot finish" in answer.json()["problem"]


async def test_unknown_actions_and_ids_are_not_found(page: httpx.AsyncClient) -> None:
    """An unknown action or message gets 404."""
    unknown = await act(page, "fly")
    missing = await act(page, "click", ts="1.2", block_id="b", action_id="a")
    assert (unknown.status_code, missing.status_code) == (404, 404)


async def test_autoplay_runs_builds_to_their_end(stage: DemoPage) -> None:
    """Autoplay runs every build to its end, and fails the same jobs for the same seed."""
    builds = [stage.buildkite.create_build("web") for _ in range(10)]
    for _ in range(200):
        take_step(stage.buildkite, Autoplay(seed=1))
    assert {build.state for build in builds} == {"passed", "failed"}
    unlucky = [Autoplay(seed=1).pick_failing_job(build) for build in builds]
    assert [[job for job in build.jobs if job.state == "failed"] for build in builds] == [
        [job] if job else [] for job in unlucky
    ]
    assert all(b"ships to islands" in job.log for job in unlucky if job)
