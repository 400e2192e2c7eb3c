"""Annotations of builds are read and written in chat."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World

COVERAGE = (
    "<h3>Coverage</h3><table><tr><td>app.js</td><td>71 %</td></tr><tr><td>cart.js</td><td>12 %</td></tr></table>"
)
HOSTILE = "<p>&lt;!channel&gt; *bold* <a href='https://evil.example'>here</a></p><script>x</script><p>API_TOKEN=hunter2secret</p>"


async def test_annotations_are_read(world: World) -> None:
    """Annotations are shown by severity as plain text, with secrets masked and links removed."""
    build = world.buildkite.create_build("web")
    world.buildkite.annotate(build, COVERAGE, style="warning", context="coverage", markup=True)
    world.buildkite.annotate(build, "All 42 passed", style="success", context="tests")
    world.buildkite.annotate(build, HOSTILE, style="error", context="`<!here>`", markup=True, job=build.jobs[0])
    answer = await ask_privately(world, world.bob, "build annotations web 1")
    assert answer == snapshot("""\
Annotations of web#1
❌ *error* · `ˋ<!here>ˋ` · :eslint: Lint
> <!channel> *bold* here
> API_TOKEN=•••
🟠 *warning* · `coverage`
> Coverage
> app.js 71 %
> cart.js 12 %
✅ *success* · `tests`
> All 42 passed
Secrets are masked.\
""")
    assert "hunter2secret" not in str(world.slack.ephemerals(world.bob)[-1].blocks)
    assert "<!here>" not in str(world.slack.ephemerals(world.bob)[-1].blocks)


async def test_annotations_are_filtered(world: World) -> None:
    """Annotations are filtered by context or style; the answer says if there are none."""
    build = world.buildkite.create_build("web")
    words = (
        "build annotations web 1",
        "build annotations web 1 --style error",
        "build annotations web 1 --context x",
    )
    assert await ask_privately(world, world.bob, words[0]) == snapshot("web#1 has no annotations.")
    world.buildkite.annotate(
        build, "<p>" + "</p><p>".join(f"line {n}" for n in range(30)) + "</p>", context="x", markup=True
    )
    world.buildkite.annotate(build, "Short", context="y")
    filtered = await ask_privately(world, world.bob, words[1])
    assert filtered == snapshot("web#1 has no annotations with style `error`.")
    assert (await ask_privately(world, world.bob, words[0])).endswith("Secrets are masked.\n[More: x]")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "More: x")
    await world.settle(1)
    assert "line 29" in world.whispers(world.bob)[-1]


async def test_only_the_most_urgent_annotations_are_shown(world: World) -> None:
    """The eight most urgent annotations of all pages are shown, with the number of the others."""
    build = world.buildkite.create_build("web")
    for number in range(120):
        world.buildkite.annotate(
            build, f"Part {number}", context=f"c{number}", priority=10 if number == 119 else 3
        )
    lines = (await ask_privately(world, world.bob, "build annotations web 1")).split("\n")
    assert (lines[2], lines[-1]) == snapshot(("> Part 119", "and 112 more. Secrets are masked."))
    assert len(lines) == 18


async def test_a_build_is_annotated_in_its_thread(world: World) -> None:
    """An annotation written in a thread has a context of its own, and a reply says who wrote it."""
    build = await start_build(world)
    card = world.card()
    world.buildkite.annotate(build, "The pipeline's own")
    await world.bob.posts(
        world.deploys, '@kitestring annotate "Looks *fine* to me" --style success', thread_ts=card
    )
    await world.settle(2)
    assert world.replies(card)[-1] == snapshot("bob annotated web#1: Looks *fine* to me")
    assert [(annotation["style"], annotation["body_html"]) for annotation in build.annotations] == snapshot(
        [("info", "<p>The pipeline&#x27;s own</p>\n"), ("success", "<p>Looks *fine* to me</p>\n")]
    )
    assert build.annotations[1]["context"].startswith("kitestring:")


async def test_an_annotation_is_replaced_or_added_to(world: World) -> None:
    """Annotating replaces or appends to the named context; appending needs a context."""
    build = world.buildkite.create_build("web")
    for words in ('"One" --context notes', '"Two" --context notes --append'):
        await world.alice.types(world.deploys, f"/bk build annotate web 1 {words}")
        await world.settle(1)
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>One</p>\n<p>Two</p>\n"]
    await world.alice.types(world.deploys, '/bk build annotate web 1 "Three" --context notes -s error')
    await world.settle(1)
    assert [(annotation["style"], annotation["body_html"]) for annotation in build.annotations] == [
        ("error", "<p>Three</p>\n")
    ]
    assert await ask_privately(world, world.alice, 'build annotate web 1 "Four" --append') == snapshot("""\
⚠️ Which annotation should I append to?
Name its context: `--context coverage`.\
""")


async def test_a_form_accepts_longer_texts(world: World) -> None:
    """Without a text the command opens a form."""
    build = world.buildkite.create_build("web")
    await world.bob.types(world.deploys, "/bk build annotate")
    await world.settle(1)
    await world.bob.submits({"Pipeline": "web", "Build number": "1", "Text": "First\n\nSecond"})
    await world.settle(1)
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>First\n\nSecond</p>\n"]
