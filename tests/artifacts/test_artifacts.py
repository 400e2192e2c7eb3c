"""Artifacts are listed, downloaded and shared, without sending the token to their storage."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World, open_world

POLICY = """\
[[grant]]
name = "everyone sees web"
standings = ["member", "admin"]
permissions = ["help", "read", "artifacts"]
pipelines = ["web"]

[[grant]]
name = "everyone reads"
standings = ["member", "admin"]
permissions = ["help", "read"]
"""


def upload_artifacts(world: World, pipeline: str = "web") -> Build:
    """Return a passed build with four artifacts of two jobs."""
    build = world.buildkite.create_build(pipeline)
    world.buildkite.run_build(build)
    lint, package = build.jobs[0], build.jobs[-1]
    world.buildkite.artifact(package.id, "dist/app.js", b"console.log('web')\n")
    world.buildkite.artifact(package.id, "dist/app.tar.gz", b"\x1f" * 1_200_000)
    world.buildkite.artifact(lint.id, "log/lint.xml", b"<testsuite/>")
    world.buildkite.artifact(lint.id, "log/late.xml", b"")["state"] = "expired"
    return build


def list_uploads(world: World) -> list[bytes]:
    """Return the content of every file uploaded to Slack."""
    return [bytes(upload["content"]) for upload in world.slack.uploads.values()]


async def test_artifacts_are_listed(world: World) -> None:
    """Files are listed with size and job, for a build or one of its jobs, and filtered by pattern."""
    upload_artifacts(world)
    assert await ask_privately(world, world.bob, "build artifacts web 1") == snapshot("""\
Artifacts of web#1
File · Size · Job · State
dist/app.js · 19 bytes · :package: Package · ✅ finished
dist/app.tar.gz · 1.2 MB · :package: Package · ✅ finished
log/lint.xml · 12 bytes · :eslint: Lint · ✅ finished
log/late.xml · 0 bytes · :eslint: Lint · ⌛ expired
[Get app.js] [Get app.tar.gz] [Get lint.xml] [Open in Buildkite]\
""")
    assert await ask_privately(world, world.bob, "artifacts ls web 1 --job Lint --state expired") == snapshot("""\
Artifacts of web#1
File · Size · Job · State
log/late.xml · 0 bytes · :eslint: Lint · ⌛ expired
[Open in Buildkite]\
""")
    assert await ask_privately(world, world.bob, "artifacts list web 1 --path *.css") == snapshot("""\
web#1 has no artifacts with path `*.css`.
List all of them with `/bk artifacts list web 1`.
[Open in Buildkite]\
""")
    assert await ask_privately(world, world.bob, "artifacts list web 1 -j nonesuch") == snapshot("""\
⚠️ web#1 has no job “nonesuch”.
See `job list web 1`.\
""")


async def test_a_small_file_is_sent_by_direct_message(world: World) -> None:
    """A button sends a small file to the person only, without sending the token to the storage."""
    upload_artifacts(world)
    await world.bob.types(world.deploys, "/bk build artifacts web 1")
    await world.settle(1)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Get app.js")
    await world.settle(1)
    assert world.whispers(world.bob)[-1] == snapshot("""\
`dist/app.js` (19 bytes) of web#1
The file is in your direct messages with me.
[Share here] [Get a link]\
""")
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
        ["(file: dist/app.js, web#1)"]
    )
    assert list_uploads(world) == [b"console.log('web')\n"]
    assert world.slack.messages(world.deploys) == []
    fetched = [request for request in world.buildkite.requests if request.path.startswith("/storage/")]
    assert [(request.by, request.status) for request in fetched] == [("", 200)]


async def test_a_large_file_is_a_link_fetched_on_demand(world: World) -> None:
    """A large file gets a link that expires after a minute and can be renewed; the bot doesn't download it."""
    upload_artifacts(world)
    assert await ask_privately(world, world.bob, "artifacts download app.tar.gz -p web -n 1") == snapshot("""\
`dist/app.tar.gz` (1.2 MB) of web#1: this link is valid for about a minute.
[Open the file] [New link]\
""")
    first = _read_link(world)
    world.clock.advance(61)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "New link")
    await world.settle(1)
    assert _read_link(world) != first
    assert world.buildkite.base_url in first
    assert not any(request.path.startswith("/storage/") for request in world.buildkite.requests)
    assert list_uploads(world) == []


def _read_link(world: World) -> str:
    """Return the address of the newest answer's first button."""
    row = next(block for block in world.slack.ephemerals(world.bob)[-1].blocks or [] if block["type"] == "actions")
    return str(row["elements"][0]["url"])


async def test_a_file_is_only_shared_on_request(world: World) -> None:
    """`--share` posts the file in the thread, and a reply says who shared it."""
    build = await start_build(world)
    card = world.card()
    world.buildkite.run_build(build)
    world.buildkite.artifact(build.jobs[0].id, "dist/app.js", b"x")
    await world.settle(4)
    await world.bob.posts(world.deploys, "@kitestring artifacts download dist/app.js --share", thread_ts=card)
    await world.settle(2)
    assert world.replies(card)[-2:] == snapshot(
        ["(file: dist/app.js, web#1)", "bob shared `dist/app.js` (1 byte) of web#1"]
    )
    assert list_uploads(world) == [b"x"]
    assert world.slack.messages(world.bob.dm) == []


async def test_a_shared_file_is_sent_by_direct_message_where_the_bot_cannot_post(world: World) -> None:
    """If the bot wasn't invited, a shared file is sent by direct message, and the answer says so."""
    upload_artifacts(world)
    elsewhere = world.slack.channel("C0ELSE001", "elsewhere", bot_in=False)
    await world.bob.types(elsewhere, "/bk artifacts download dist/app.js -p web -n 1 --share")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("""\
bob shared `dist/app.js` (19 bytes) of web#1
I can't post here. The file is in your direct messages with me.\
""")
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
        ["(file: dist/app.js, web#1)"]
    )


async def test_no_file_is_shared_with_another_organization(world: World) -> None:
    """While it's unknown whether a channel is shared with another organization, the file is sent to Bob only."""
    upload_artifacts(world)
    partners = world.slack.channel("C0PARTNER", "partners", shared=True)
    for _ in range(6):
        world.slack.faults.fail("conversations.info")
    await world.bob.types(partners, "/bk artifacts download dist/app.js -p web -n 1 --share")
    await world.settle(2)
    assert [message.plain() for message in world.slack.messages(world.bob.dm)] == ["(file: dist/app.js, web#1)"]
    assert [message for message in world.slack.posted.get(partners.id, []) if message.bot] == []


async def test_a_file_is_found_by_part_of_its_path(world: World) -> None:
    """Part of a path is enough; several matches are offered; missing, expired and large files are explained."""
    upload_artifacts(world)
    assert await ask_privately(world, world.bob, "artifacts download app -p web -n 1") == snapshot("""\
⚠️ Several artifacts of web#1 match “app”.
[dist/app.js · 19 bytes] [dist/app.tar.gz · 1.2 MB]\
""")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "dist/app.js · 19 bytes")
    await world.settle(1)
    assert world.whispers(world.bob)[-1] == snapshot("""\
`dist/app.js` (19 bytes) of web#1
The file is in your direct messages with me.
[Share here] [Get a link]\
""")
    assert await ask_privately(world, world.bob, "artifacts download app.css -p web -n 1") == snapshot("""\
⚠️ web#1 has no artifact “app.css”.
See `/bk artifacts list web 1`.\
""")
    assert await ask_privately(world, world.bob, "artifacts download late -p web -n 1") == snapshot(
        "⚠️ log/late.xml has expired."
    )
    too_large = await ask_privately(world, world.bob, "artifacts download dist/app.tar.gz -p web -n 1 --share")
    assert too_large == snapshot("""\
⚠️ dist/app.tar.gz is too large to share (1.2 MB).
I can post files of up to 1 MB. For a link, leave out `--share`.\
""")


async def test_an_address_names_an_artifact(world: World) -> None:
    """The URL of an artifact is enough to download it."""
    build = upload_artifacts(world)
    url = build.artifacts[0]["url"]
    assert "dist/app.js" in await ask_privately(world, world.bob, f"artifacts download {url}")
    assert list_uploads(world) == [b"console.log('web')\n"]


async def test_the_bot_does_not_download_from_internal_storage(world: World) -> None:
    """A link to an internal address is given to the person, but the bot doesn't follow it."""
    build = upload_artifacts(world)
    world.buildkite.storage.elsewhere[build.artifacts[0]["id"]] = "http://169.254.169.254/latest/meta-data/"
    assert await ask_privately(world, world.bob, "artifacts download dist/app.js -p web -n 1") == snapshot("""\
`dist/app.js` (19 bytes) of web#1: this link is valid for about a minute.
I don't download from that file's host.
[Open the file] [New link]\
""")
    assert list_uploads(world) == []


async def test_a_file_larger_than_stated_is_not_sent(world: World) -> None:
    """The stated size isn't trusted, because the uploader chooses it: the bytes are counted."""
    build = upload_artifacts(world)
    build.artifacts[1]["file_size"] = 10
    assert await ask_privately(world, world.bob, "artifacts download app.tar.gz -p web -n 1") == snapshot("""\
`dist/app.tar.gz` (10 bytes) of web#1: this link is valid for about a minute.
That file is larger than 1,048,576 bytes.
[Open the file] [New link]\
""")
    assert list_uploads(world) == []


async def test_a_path_stays_text(world: World) -> None:
    """A hostile path notifies no one, links nowhere, and becomes a harmless file name."""
    build = world.buildkite.create_build("web")
    world.buildkite.artifact(build.jobs[0].id, "../`<!channel>`/<https://evil.example|app.js>\u202egpj.exe", b"x")
    answer = await ask_privately(world, world.bob, "artifacts download app -p web -n 1")
    assert answer == snapshot("""\
`../ˋ<!channel>ˋ/<https://evil.example|app.js>�gpj.exe` (1 byte) of web#1
The file is in your direct messages with me.
[Share here] [Get a link]\
""")
    assert "<!channel>" not in str(world.slack.ephemerals(world.bob)[-1].blocks)
    assert [(upload["name"], upload["title"]) for upload in world.slack.uploads.values()] == snapshot(
        [("evil.example-app.js-gpj.exe", "../`<!channel>`/<https://evil.example|app.js>gpj.exe, web#1")]
    )


async def test_another_pipelines_artifacts_are_refused(tmp_path: Path) -> None:
    """A grant for one pipeline reveals no file names of another, however its artifacts are named."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=path) as world:
        upload_artifacts(world)
        other = upload_artifacts(world, "deploy-prod")
        made = other.artifacts[0]
        assert "dist/app.js" in await ask_privately(world, world.bob, "build artifacts web 1")
        refused = await ask_privately(world, world.bob, "build artifacts deploy-prod 1")
        assert refused == snapshot("""\
⚠️ You may not run `build artifacts` on `deploy-prod` here.
Your grant “everyone sees web” is for pipelines `web`. Ask a workspace admin to do it.\
""")
        ways = (
            "artifacts list deploy-prod 1",
            "artifacts download dist -p deploy-prod -n 1",
            f"artifacts download {made['url']}",
        )
        for words in ways:
            answer = await ask_privately(world, world.bob, words)
            assert answer.startswith("⚠️ You may not run"), answer
            assert "dist" not in answer
        across = f"artifacts download {made['id']} --job {made['job_id']} -p web -n 1"
        assert await ask_privately(world, world.bob, across) == snapshot("""\
⚠️ Buildkite has no artifact 1ea45cd6-9371-471f-9480-865f9b38fe80, or the token can't see it.
Buildkite says: No job found\
""")
        assert list_uploads(world) == []
