"""Conversations about one job: its environment, its priority and canceling it."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World


def start_lint(world: World) -> Build:
    """Start a build of web whose lint runs while its tests wait for an agent."""
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id)
    return build


def read_database(world: World) -> bytes:
    """Return every byte of the database and of SQLite's write-ahead log."""
    path = Path(world.settings.database_url.get_secret_value().partition("///")[2])
    return b"".join(item.read_bytes() for item in path.parent.glob(f"{path.name}*"))


async def test_only_names_of_variables_are_shown(world: World) -> None:
    """No value is shown, not even a harmless one, and the reply is private in a thread as well."""
    build = await start_build(world)
    card = world.card()
    world.buildkite.start_job(build.find_job("lint").id)
    build.find_job("lint").env |= {"NPM_TOKEN": "hunter2secret", "REGION": "eu-west-1", "<!channel>`x`": "odd"}
    reply = await ask_privately(world, world.bob, "job env", card)
    assert reply == snapshot("""\
:eslint: Lint of web#1 has 15 environment variables.
*Set by the pipeline*
`<!channel>ˋxˋ` `NPM_TOKEN` `REGION`
*Set by Buildkite*
`BUILDKITE` `BUILDKITE_BRANCH` `BUILDKITE_BUILD_ID` `BUILDKITE_BUILD_NUMBER` `BUILDKITE_BUILD_URL` `BUILDKITE_COMMAND` `BUILDKITE_COMMIT` `BUILDKITE_JOB_ID` `BUILDKITE_MESSAGE` `BUILDKITE_ORGANIZATION_SLUG` `BUILDKITE_PIPELINE_SLUG` `CI`
Names only, because values may be secrets.\
""")
    blocks = str(world.slack.ephemerals(world.bob)[-1].blocks)
    assert not any(value in blocks + world.transcript() for value in ("hunter2secret", "eu-west-1", "bin/lint"))
    assert "<!channel>" not in blocks


async def test_no_value_is_stored(world: World) -> None:
    """Values are neither in the audit log nor in any other row."""
    start_lint(world).find_job("lint").env["NPM_TOKEN"] = "hunter2secret"
    await ask_privately(world, world.bob, "job env lint -p web -n 1")
    kept = read_database(world)
    assert b"job env" in kept
    assert b"hunter2secret" not in kept


async def test_a_jobs_priority_is_changed(world: World) -> None:
    """A job is found by name, in its build's thread or with the build; several are offered; the reply is public."""
    build = await start_build(world, "api")
    card = world.card()
    await world.bob.posts(world.deploys, "@kitestring job priority build 10", thread_ts=card)
    await world.settle(2)
    assert world.replies(card)[-1] == snapshot("bob set the priority of :go: Build of api#1 to 10")
    assert build.find_job("build").priority == 10
    await world.alice.types(world.deploys, "/bk job reprioritize build -5 -p api -n 1")
    await world.settle(1)
    assert build.find_job("build").priority == -5
    assert await ask_privately(world, world.alice, "job priority build soon -p api -n 1") == snapshot("""\
⚠️ `soon` isn't a whole number for `priority`.
Usage: `/bk job reprioritize [pipeline] [number] [job] <priority>`\
""")
    assert (await ask_privately(world, world.alice, "job priority 10 -p api -n 1")).split("\n")[0] == snapshot(
        "⚠️ Which waiting job of api#1?"
    )


async def test_one_job_is_canceled(world: World) -> None:
    """Canceling a job asks first; the other jobs and the build continue."""
    world.buildkite.scopes.add("graphql")
    build = start_lint(world)
    assert await ask_privately(world, world.bob, "job cancel lint -p web -n 1") == snapshot("""\
Cancel :eslint: Lint of web#1? It is running.
[Cancel job] [Never mind]\
""")
    assert build.find_job("lint").state == "running"
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Cancel job")
    await world.settle(2)
    assert world.card().plain() == snapshot("bob canceled :eslint: Lint of web#1")
    assert (build.find_job("lint").state, build.state) == ("canceling", "running")


async def test_missing_graphql_access_is_reported_before_the_question(world: World) -> None:
    """The error says what is missing, who can add it, and what is possible without it."""
    build = start_lint(world)
    reply = await ask_privately(world, world.bob, "job cancel lint -p web -n 1")
    assert reply == snapshot("""\
⚠️ Canceling a single job needs a token with GraphQL access.
Ask the bot's operator for it, or cancel the whole build: `/bk build cancel web 1`.\
""")
    assert await ask_privately(world, world.bob, "job cancel lint -p web -n 1 --yes") == snapshot("""\
⚠️ Canceling a single job needs a token with GraphQL access.
Buildkite refused: Your access token doesn't have the graphql scope. Ask the bot's operator for it, or cancel the whole build: `/bk build cancel web 1`.\
""")
    assert build.find_job("lint").state == "running"


async def test_a_finished_job_is_not_canceled(world: World) -> None:
    """The answer says how it ended; only unfinished jobs are offered."""
    world.buildkite.scopes.add("graphql")
    build = start_lint(world)
    world.buildkite.finish_job(build.find_job("lint").id)
    assert await ask_privately(world, world.bob, "job cancel lint -p web -n 1") == snapshot(
        ":eslint: Lint has already passed; there is nothing to cancel."
    )
    assert (await ask_privately(world, world.bob, "job cancel -p web -n 1")).split(" (")[0] == snapshot("""\
⚠️ Which unfinished job of web#1?
[:jest: Test 1/2\
""")


async def test_a_person_with_access_acts_with_their_own_token(world: World) -> None:
    """If the bot's token has no GraphQL access, a person's own token can cancel a job."""
    world.buildkite.personal_token("Alice Okafor", "bkua_alice").scopes.add("graphql")
    build = start_lint(world)
    await world.alice.types(world.deploys, "/bk connect")
    await world.settle(1)
    await world.alice.submits({"Your Buildkite API token": "bkua_alice"})
    await world.settle(1)
    await world.alice.types(world.deploys, "/bk job cancel lint -p web -n 1 --yes")
    await world.settle(2)
    assert build.find_job("lint").state == "canceling"
    assert [request.by for request in world.buildkite.requests if request.path == "/graphql/v1"] == [
        "Alice Okafor"
    ]


async def test_a_build_is_named_the_same_way_everywhere(world: World) -> None:
    """`web 1`, `web#1`, a number, or only the pipeline stand before a job as they do for a build."""
    start_lint(world)
    for words in ("web 1 lint", "web#1 lint", "-p web -n 1 lint", "web lint", "web 1", "web"):
        assert "Lint of web#1 has" in await ask_privately(world, world.bob, f"job env {words}"), words
    await ask_privately(world, world.bob, "job env lint -p web -b 1")
    advice = "`-b` is now `--number`. The old form works until the next release."
    assert [text for text in world.whispers(world.bob) if "now" in text] == [advice]
    assert "web#1" in await ask_privately(world, world.bob, "artifacts download web 1 dist/*")
