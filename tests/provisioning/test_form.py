"""A pipeline is made by form: menus, steps typed or attached, what is wrong said under its input."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from simulators.slack.form_files import Attachment
from simulators.slack.views import View
from tests.conversations.world import World, shown
from tests.provisioning.acts import REPO, STEPS, answer, asked
from tests.provisioning.conftest import TEAM

FILE = "steps.file"


async def opened(world: World) -> View:
    """The form, in front of Alice."""
    await world.alice.types(world.deploys, "/bk pipeline create")
    await world.settle(1)
    view = world.slack.modal_of(world.alice)
    assert view is not None
    return view


async def sends(world: World, **values: object) -> dict[str, str]:
    """Fill in and submit; what stands under the inputs, if anything."""
    await world.alice.submits({"Name": "Shop", "Repository": REPO} | values)
    view = world.slack.modal_of(world.alice)
    await world.settle(3)
    return dict(view.errors) if view else {}


async def test_the_form_asks_for_everything_and_says_what_it_made(world: World) -> None:
    """Menus offer clusters, templates and teams; the steps come as a file, and are what Buildkite is sent."""
    view = await opened(world)
    assert view.plain() == snapshot("""\
# Create pipeline
Name: [Web]
Repository: [git@github.com:acme/web.git]
Cluster: [Type to search]
Template: [Type to search]
Steps (YAML): [empty: .buildkite/pipeline.yml of the repository]
… or as a file (yml, yaml): []
Teams: [Type to search]
Tags: [backend,ruby]
Default branch: [main]
Description: []
Create its GitHub webhook: [Create its GitHub webhook]
Start a first build: [Start a first build]
Subscribe this channel to it: [Subscribe this channel to it]
[Create]\
""")
    assert await world.alice.searches("Cluster", "open") == ["Open Source"]
    assert await world.alice.searches("Template", "") == ["Deploy", "Service"]
    assert await world.alice.searches("Teams", "web") == ["Web team"]
    file = Attachment("pipeline.yml", STEPS.encode())
    wrong = await sends(
        world, Cluster="Open Source", Teams=["Web team"], Tags="ruby, backend", **{FILE: file, "webhook": ["true"]}
    )
    assert wrong == {}
    (body,) = asked(world, "POST", "/pipelines")
    assert (body["configuration"], body["tags"], body["teams"]) == (
        STEPS,
        ["ruby", "backend"],
        {TEAM: "manage_build_and_read"},
    )
    assert shown(answer(world)) == snapshot("""\
<@U0ALICE01> created pipeline Shop
✓ GitHub webhook
[Start a build] [Subscribe this channel] [Open]\
""")


async def test_steps_typed_into_the_form_are_checked_while_it_is_open(world: World) -> None:
    """What is wrong with them stands under them, with lines; corrected, the same form is sent."""
    await opened(world)
    assert await sends(world, steps="steps:\n  - comand: make\n  - wiat\n") == snapshot(
        {
            "steps": "Those steps are not right: line 2: “comand” is not a key of a command step; did you mean “command” or “commands”? line 3: “wiat” is no step. Did you mean “wait” or “waiter”? Nothing was created or changed."
        }
    )
    assert await sends(world, steps=STEPS) == {}
    assert [body["configuration"] for body in asked(world, "POST", "/pipelines")] == [STEPS]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"steps:\n  - comand: make\n", "line 2: “comand” is not a key of a command step"),
        (b"\xff\xfe\x00", "That file is no text in UTF-8."),
        (b"# " + b"x" * 400_000, "That file is too big: I read at most 400 kB."),
        (b"# " + b"x" * 120_000, "at most 100000 letters"),
    ],
)
async def test_a_file_that_does_not_do_is_told_under_it(world: World, content: bytes, said: str) -> None:
    """Wrong steps, no text, too much of it: said where the file is, while the form is open; nothing is made."""
    await opened(world)
    wrong = await sends(world, **{FILE: Attachment("steps.yaml", content)})
    assert said in wrong[FILE]
    assert asked(world, "POST", "/pipelines") == []


async def test_steps_come_in_one_way_only(world: World) -> None:
    """Both typed and attached, nobody knows which is meant."""
    await opened(world)
    wrong = await sends(world, steps=STEPS, **{FILE: Attachment("steps.yml", STEPS.encode())})
    assert wrong == {FILE: "Either type it or attach a file, not both."}


async def test_other_kinds_of_file_are_refused_by_slack_s_client(world: World) -> None:
    """Only YAML can be attached."""
    await opened(world)
    wrong = await sends(world, **{FILE: Attachment("steps.exe", b"MZ")})
    assert wrong == {FILE: "steps.exe is not one of these types: yml, yaml."}


async def test_a_file_is_fetched_with_the_bot_s_token_from_slack_alone(world: World) -> None:
    """Without the scope Slack sends to its login page, which is not followed; an address elsewhere gets nothing."""
    await opened(world)
    world.slack.scopes.discard("files:read")
    wrong = await sends(world, **{FILE: Attachment("steps.yml", STEPS.encode())})
    assert "Slack did not give me that file." in wrong[FILE]
    world.slack.scopes.add("files:read")
    view = world.slack.modal_of(world.alice)
    assert view is not None
    file = next(iter(view.inputs[FILE].values()))["files"][0]
    file["url_private_download"] = f"{world.buildkite.base_url}/v2/user"
    before = len(world.buildkite.requests)
    await world.alice.submits()
    assert "Slack did not give me that file." in view.errors[FILE]
    assert len(world.buildkite.requests) == before
    assert asked(world, "POST", "/pipelines") == []


async def test_the_same_form_sent_again_makes_nothing_twice(world: World) -> None:
    """Slack delivers a submission again: one pipeline."""
    await opened(world)
    await world.alice.submits({"Name": "Shop", "Repository": REPO, "steps": STEPS})
    await world.slack.replay()
    await world.settle(3)
    assert len(asked(world, "POST", "/pipelines")) == 1
