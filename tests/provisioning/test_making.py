"""Creating a pipeline with a command: checks, creation and the steps after it."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.buildkite.models import Cluster
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message
from tests.provisioning.acts import REPO, find_bodies, find_reply, press, run_command
from tests.provisioning.conftest import TEAM, TEMPLATE


async def test_a_pipeline_is_created_with_all_follow_up_steps(world: World) -> None:
    """The reply reports webhook, first build and subscription, and the build has a card."""
    reply = await run_command(
        world,
        world.alice,
        f"pipeline create Shop -r {REPO} --team web-team --tag ruby --webhook --build --subscribe",
    )
    assert reply == snapshot("""\
alice created pipeline Shop
✓ GitHub webhook
✓ this channel's subscription
✓ first build
[Open]\
""")
    assert find_bodies(world, "POST", "/pipelines") == [
        {
            "name": "Shop",
            "repository": REPO,
            "cluster_id": world.buildkite.cluster.id,
            "configuration": 'steps:\n  - label: ":pipeline: Upload"\n    command: buildkite-agent pipeline upload\n',
            "slug": "shop",
            "teams": {TEAM: "manage_build_and_read"},
            "tags": ["ruby"],
            "visibility": "private",
        }
    ]
    assert world.buildkite.pipelines["shop"].options["webhook"] is True
    (build,) = world.buildkite.builds
    assert (build.pipeline.slug, build.branch) == ("shop", "main")
    assert "shop#1" in format_message(world.card())
    assert "shop" in await ask_privately(world, world.bob, "subscribe list")


async def test_a_template_gives_the_steps(world: World) -> None:
    """With a template, its steps are sent along with its id."""
    await run_command(world, world.alice, f"pipeline create Shop -r {REPO} --template deploy")
    (body,) = find_bodies(world, "POST", "/pipelines")
    assert (body["pipeline_template_uuid"], body["configuration"]) == (
        TEMPLATE,
        "steps:\n  - command: bin/deploy\n",
    )


async def test_a_failed_follow_up_step_is_offered_again(world: World) -> None:
    """A failed webhook is reported with its reason and a button, and the pipeline stays."""
    world.buildkite.unreachable.add(REPO)
    reply = await run_command(world, world.alice, f"pipeline create Shop -r {REPO} --webhook --build")
    assert reply == snapshot("""\
alice created pipeline Shop
✗ GitHub webhook: Buildkite refused: Webhooks could not be created for your repository.
✓ first build
[Create GitHub webhook] [Subscribe this channel] [Open]\
""")
    assert "shop" in world.buildkite.pipelines
    world.buildkite.unreachable.clear()
    await press(world, world.alice, find_reply(world), "Create GitHub webhook")
    assert format_message(find_reply(world)) == snapshot("alice created the GitHub webhook of Shop")
    assert world.buildkite.pipelines["shop"].options["webhook"] is True


async def test_creating_a_pipeline_does_not_imply_building_it(world: World) -> None:
    """A lock on the new pipeline's slug prevents its first build."""
    await run_command(world, world.alice, f"pipeline create Shop -r {REPO}")
    await run_command(world, world.alice, "lock shop --reason migration")
    await world.alice.types(world.deploys, "/bk pipeline delete shop --name shop --yes")
    await world.settle(3)
    second = world.slack.person("U0ADA0001", "ada", "ada@acme.example", admin=True)
    world.deploys.members.append(second.id)
    reply = await run_command(world, second, f"pipeline create Shop -r {REPO} --build")
    assert reply == snapshot("""\
ada created pipeline Shop
✗ first build: `shop` is locked by <@U0ALICE01> until 2026-11-02 11:00 UTC: migration. Ask them to unlock it, or see `help lock` to take it over.
[Start a build] [Subscribe this channel] [Open]\
""")
    assert world.buildkite.builds == []


async def test_everything_is_checked_before_anything_is_created(world: World) -> None:
    """Each wrong argument is reported, and nothing is created."""
    wrong = (
        f"pipeline create Web -r {REPO}",
        "pipeline create Shop -r nonsense",
        "pipeline create Shop -r https://ann:hunter2@github.com/acme/shop",
        f"pipeline create Shop -r {REPO} --cluster opensource",
        f"pipeline create Shop -r {REPO} --team web-taem",
        f"pipeline create Shop -r {REPO} --team web-team=everything",
        f"pipeline create Shop -r {REPO} --template deplyo",
        f"pipeline create Shop -r {REPO} --template Deploy --steps 'steps: [wait]'",
        f"pipeline create Shop -r {REPO} --steps 'steps: [{{comand: make}}, wiat]'",
        f"pipeline create 日本 -r {REPO}",
    )
    assert [await ask_privately(world, world.alice, words) for words in wrong] == snapshot(
        [
            """\
⚠️ There's already a pipeline `web`.
Choose another name.\
""",
            """\
⚠️ `nonsense` isn't valid for `--repository`: it isn't a Git address. Example: git@github.com:acme/web.git.
Usage: `/bk pipeline create <name> -r repository [--cluster name] [--template name] [--steps YAML] [--teams names] [--tags names] …`\
""",
            """\
⚠️ `https://ann:•••@github.com/acme/shop` isn't valid for `--repository`: it contains a password, which everyone who can see the pipeline could read.
Usage: `/bk pipeline create <name> -r repository [--cluster name] [--template name] [--steps YAML] [--teams names] [--tags names] …`\
""",
            """\
⚠️ There's no cluster “opensource”.
Did you mean Open Source?\
""",
            """\
⚠️ There's no team “web-taem”.
Did you mean web-team?\
""",
            """\
⚠️ `everything` isn't an access level.
Use `read_only`, `build_and_read` or `manage_build_and_read`.\
""",
            """\
⚠️ There's no pipeline template “deplyo”.
Did you mean Deploy?\
""",
            "⚠️ Give either steps or a template, not both.",
            """\
⚠️ The steps aren't valid:
line 1: `comand` isn't a key of a command step; did you mean `command`?
line 1: `wiat` isn't a step. Did you mean `wait`?
Nothing was created or changed.\
""",
            """\
⚠️ A pipeline's name needs a letter from a to z or a digit, because its URL is made from them.
Usage: `/bk pipeline create <name> -r repository [--cluster name] [--template name] [--steps YAML] [--teams names] [--tags names] …`\
""",
        ]
    )
    assert find_bodies(world, "POST") == []


async def test_several_clusters_are_offered(world: World) -> None:
    """If there are several clusters and none is named, buttons offer them."""
    sim = world.buildkite
    sim.clusters.append(Cluster(sim.new_id(), "Private", "Ours alone", sim.now(), sim.user))
    reply = await ask_privately(world, world.alice, f"pipeline create Shop -r {REPO}")
    assert reply == snapshot("""\
⚠️ Which cluster should it build in?
[Open Source] [Private]\
""")
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Private")
    assert find_bodies(world, "POST", "/pipelines")[0]["cluster_id"] == world.buildkite.clusters[-1].id


async def test_creating_is_for_admins_by_default(world: World) -> None:
    """Without a policy, a member is refused."""
    assert await ask_privately(world, world.bob, f"pipeline create Shop -r {REPO}") == snapshot("""\
⚠️ `pipeline create` is for workspace admins.
Ask a workspace admin to do it.\
""")


async def test_a_copy_keeps_everything_not_given(world: World) -> None:
    """Steps, tags and settings are copied, except the given name and branch."""
    world.buildkite.pipeline("old", name="Old", tags=["ruby"], cancel_running_branch_builds=True, color="#fff000")
    reply = await run_command(
        world, world.alice, "pipeline copy old New --default-branch trunk --team web-team=read_only"
    )
    assert reply == snapshot("""\
alice copied old to pipeline New
[Start a build] [Subscribe this channel] [Open]\
""")
    made, old = world.buildkite.pipelines["new"], world.buildkite.pipelines["old"]
    assert (made.configuration, made.repository, made.default_branch) == (
        old.configuration,
        old.repository,
        "trunk",
    )
    (body,) = find_bodies(world, "POST", "/pipelines")
    assert (body["tags"], body["color"], body["cancel_running_branch_builds"]) == (["ruby"], "#fff000", True)
    assert "repository" not in body["provider_settings"]
