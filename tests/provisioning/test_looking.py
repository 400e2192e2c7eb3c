"""Listing and viewing pipelines."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World
from tests.provisioning.acts import STEPS


async def test_pipelines_are_filtered(world: World) -> None:
    """Pipelines are filtered by name, repository, tag and state; an empty list repeats the filters."""
    world.buildkite.pipeline("legacy", name="Legacy", tags=["ruby"])
    world.buildkite.archive("legacy")
    world.buildkite.pipeline("web-shop", name="Web shop", tags=["ruby", "backend"])
    assert await ask_privately(world, world.bob, "pipeline list") == snapshot("""\
6 pipelines
Pipeline · Repository · Default branch · Tags
API · acme-inc/api · main · –
Deploy to production · acme-inc/deploy-prod · main · –
Docs site · acme-inc/docs-site · main · –
Mobile · acme-inc/mobile · main · –
Web · acme-inc/web · main · –
Web shop · acme-inc/web-shop · main · ruby, backend\
""")
    assert await ask_privately(world, world.bob, "pipeline list web --tag ruby") == snapshot("""\
1 pipeline, with “web” in the name, tagged “ruby”
Pipeline · Repository · Default branch · Tags
Web shop · acme-inc/web-shop · main · ruby, backend\
""")
    assert await ask_privately(world, world.bob, "pipeline list --repo acme-inc/leg --state all") == snapshot("""\
1 pipeline, with “acme-inc/leg” in the repository, including archived ones
Pipeline · Repository · Default branch · Now · Tags
Legacy · acme-inc/legacy · main · archived · ruby\
""")
    assert await ask_privately(world, world.bob, "pipeline list --state archived") == snapshot("""\
1 pipeline, only archived ones
Pipeline · Repository · Default branch · Now · Tags
Legacy · acme-inc/legacy · main · archived · ruby\
""")
    assert await ask_privately(world, world.bob, "pipeline list nonesuch --tag go") == snapshot("""\
There are no pipelines, with “nonesuch” in the name, tagged “go”.
To list all pipelines, leave out --name, --repo, --tag and --state.\
""")


async def test_a_pipeline_is_shown_with_its_steps_and_its_last_build(world: World) -> None:
    """Bob sees the repository, cluster, steps and the default branch's newest build."""
    world.buildkite.run_build(world.buildkite.create_build("web"), fail=["lint"])
    assert await ask_privately(world, world.bob, "pipeline view web") == snapshot("""\
Pipeline Web
The storefront
*Repository*
acme-inc/web
*Default branch*
`main`
*Latest build*
❌ web#1 Failed
*Builds now*
0 running, 0 scheduled
*Cluster*
Open Source
*Created*
2026-11-02 09:00 UTC
*Steps*
• :eslint: Lint
• :jest: Test
⏳ wait
• :package: Package
[Start a build] [Subscribe this channel] [Show YAML] [Open]\
""")
    assert await ask_privately(world, world.bob, "pipeline view docs-site") == snapshot("""\
Pipeline Docs site
docs.acme-inc.example
*Repository*
acme-inc/docs-site
*Default branch*
`main`
*Latest build*
none yet
*Builds now*
0 running, 0 scheduled
*Cluster*
Open Source
*Created*
2026-11-02 09:00 UTC
*Steps*
• :books: Build
⏳ wait
• :globe_with_meridians: Publish
[Start a build] [Subscribe this channel] [Show YAML] [Open]\
""")


async def test_yaml_is_shown_on_request(world: World) -> None:
    """With --yaml, the person sees the steps as they are written."""
    world.buildkite.pipeline("plain", name="Plain", configuration=STEPS)
    assert await ask_privately(world, world.bob, "pipeline view plain --yaml") == snapshot("""\
Pipeline Plain
*Repository*
acme-inc/plain
*Default branch*
`main`
*Latest build*
none yet
*Builds now*
0 running, 0 scheduled
*Cluster*
Open Source
*Created*
2026-11-02 09:00 UTC
```
steps:
  - label: Test
    command: make test

```
[Start a build] [Subscribe this channel] [Open]\
""")


async def test_buttons_depend_on_permissions(world: World) -> None:
    """Bob can start builds and subscribe; Alice can also change the pipeline."""
    reply = {item.name: await ask_privately(world, item, "pipeline view web") for item in (world.alice, world.bob)}
    assert ("[Change]" in reply["alice"], "[Change]" in reply["bob"]) == (True, False)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Change")
    await world.settle(1)
    view = world.slack.modal_of(world.alice)
    assert view is not None
    assert view.plain() == snapshot("""\
# Change
Fields you leave empty don't change.
Pipeline: [web]
New name: [its URL stays the same]
Repository: [git@github.com:acme/web.git]
Cluster: [Type to search]
Steps (YAML): [leave empty to use the repository's .buildkite/pipeline.yml]
… or as a file (yml, yaml): []
Tags (replacing the current ones): [backend,ruby]
Default branch: [main]
Description: []
[Update]\
""")
