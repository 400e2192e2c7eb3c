"""Creating a pipeline with the form, with menus, typed or attached steps, and errors below the inputs."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from simulators.slack.form_files import Attachment
from simulators.slack.views import View
from tests.conversations.world import World, format_message
from tests.provisioning.acts import REPO, STEPS, find_bodies, find_reply
from tests.provisioning.conftest import TEAM

FILE = "steps.file"


async def open_form(world: World) -> View:
    """Open the form for Alice."""
    await world.alice.types(world.deploys, "/bk pipeline create")
    await world.settle(1)
    view = world.slack.modal_of(world.alice)
    assert view is not None
    return view


async def submit(world: World, **values: object) -> dict[str, str]:
    """Fill in and submit the form; return the errors below its inputs."""
    await world.alice.submits({"Name": "Shop", "Repository": REPO} | values)
    view = world.slack.modal_of(world.alice)
    await world.settle(3)
    return dict(view.errors) if view else {}


async def test_the_form_creates_a_pipeline(world: World) -> None:
    """Menus offer clusters, templates and teams, and the attached steps are sent to Buildkite."""
    view = await open_form(world)
    assert view.plain() == snapshot("""\
# Create pipeline
Name: [Web]
Repository: [git@github.com:acme/web.git]
Cluster: [Type to search]
Template: [Type to search]
Steps (YAML): [leave empty to use the repository's .buildkite/pipeline.yml]
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
    wrong = await submit(
        world, Cluster="Open Source", Teams=["Web team"], Tags="ruby, backend", **{FILE: file, "webhook": ["true"]}
    )
    assert wrong == {}
    (body,) = find_bodies(world, "POST", "/pipelines")
    assert (body["configuration"], body["tags"], body["teams"]) == (
        STEPS,
        ["ruby", "backend"],
        {TEAM: "manage_build_and_read"},
    )
    assert format_message(find_reply(world)) == snapshot("""\
alice created pipeline Shop
✓ GitHub webhook
[Start a build] [Subscribe this channel] [Open]\
""")


async def test_typed_steps_are_checked_while_the_form_is_open(world: World) -> None:
    """Errors appear below the steps with their lines; the corrected form is accepted."""
    await open_form(world)
    assert await submit(world, steps="steps:\n  - comand: make\n  - wiat\n") == snapshot(
        {
            "steps": "The steps aren't valid: line 2: “comand” isn't a key of a command step; did you mean “command”? line 3: “wiat” isn't a step. Did you mean “wait”? Nothing was created or changed."
        }
    )
    assert await submit(world, steps=STEPS) == {}
    assert [body["configuration"] for body in find_bodies(world, "POST", "/pipelines")] == [STEPS]


@pytest.mark.parametrize(
    ("content", "reply"),
    [
        (b"steps:\n  - comand: make\n", "line 2: “comand” isn't a key of a command step"),
        (b"\xff\xfe\x00", "That file isn't UTF-8 text."),
        (b"# " + b"x" * 400_000, "That file is too large. The limit is 400 kB."),
        (b"# " + b"x" * 120_000, "at most 100000 characters"),
    ],
)
async def test_a_wrong_file_is_reported_below_its_input(world: World, content: bytes, reply: str) -> None:
    """Wrong steps, binary content and large files are reported while the form is open."""
    await open_form(world)
    wrong = await submit(world, **{FILE: Attachment("steps.yaml", content)})
    assert reply in wrong[FILE]
    assert find_bodies(world, "POST", "/pipelines") == []


async def test_steps_are_typed_or_attached_but_not_both(world: World) -> None:
    """Giving both typed and attached steps is an error."""
    await open_form(world)
    wrong = await submit(world, steps=STEPS, **{FILE: Attachment("steps.yml", STEPS.encode())})
    assert wrong == {FILE: "Type it or attach a file, not both."}


async def test_other_kinds_of_file_are_refused_by_slacks_client(world: World) -> None:
    """Only YAML files can be attached."""
    await open_form(world)
    wrong = await submit(world, **{FILE: Attachment("steps.exe", b"MZ")})
    assert wrong == {FILE: "steps.exe is not one of these types: yml, yaml."}


async def test_a_file_is_fetched_only_from_slack(world: World) -> None:
    """Slack's redirect to its login page isn't followed, and another host gets no request."""
    await open_form(world)
    world.slack.scopes.discard("files:read")
    wrong = await submit(world, **{FILE: Attachment("steps.yml", STEPS.encode())})
    assert "I couldn't download that file from Slack." in wrong[FILE]
    world.slack.scopes.add("files:read")
    view = world.slack.modal_of(world.alice)
    assert view is not None
    file = next(iter(view.inputs[FILE].values()))["files"][0]
    file["url_private_download"] = f"{world.buildkite.base_url}/v2/user"
    before = len(world.buildkite.requests)
    await world.alice.submits()
    assert "I couldn't download that file from Slack." in view.errors[FILE]
    assert len(world.buildkite.requests) == before
    assert find_bodies(world, "POST", "/pipelines") == []


async def test_a_form_delivered_twice_creates_one_pipeline(world: World) -> None:
    """Slack delivers a submission twice, and one pipeline is created."""
    await open_form(world)
    await world.alice.submits({"Name": "Shop", "Repository": REPO, "steps": STEPS})
    await world.slack.replay()
    await world.settle(3)
    assert len(find_bodies(world, "POST", "/pipelines")) == 1


async def test_all_mistakes_are_reported_at_once(world: World) -> None:
    """A wrong address, name and step each have their error, and nothing is created."""
    await open_form(world)
    wrong = await submit(world, Name="S" * 101, Repository="not a repo", steps="steps:\n  - comand: make\n")
    assert wrong == snapshot(
        {
            "name": "Name: “SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS…” is too long: use at most 100 characters.",
            "repository": "Repository: it isn't a Git address. Example: git@github.com:acme/web.git.",
            "steps": "The steps aren't valid: line 2: “comand” isn't a key of a command step; did you mean “command”? Nothing was created or changed.",
        }
    )
    assert find_bodies(world, "POST", "/pipelines") == []
