"""Which build is meant when people leave something out."""

import pytest

from bot.errors import Ambiguous, NotFound, UsageError
from bot.slack.types import Thread


async def meant(bench, text: str) -> str:
    _, args = await bench.pinned(text)
    return f"{args.pipeline}#{args.number}"


@pytest.fixture
def builds(bench):
    for pipeline in ("web", "web", "api"):
        bench.sim.create_build(pipeline)
    return bench


@pytest.mark.parametrize(
    "text",
    [
        "build view web 1",
        "build view web#1",
        "build view acme-inc/web#1",
        "build view -p web -n 1",
        "build view https://buildkite.com/acme-inc/web/builds/1",
        "build view Web 1",
    ],
)
async def test_every_way_of_writing_a_build_means_it(builds, text: str) -> None:
    """Words, number sign, flags, URL and the pipeline's name all mean the same build."""
    assert await meant(builds, text) == "web#1"


async def test_the_build_of_the_thread_is_meant(builds) -> None:
    """In the thread of one build nothing needs to be said, nor the pipeline for a number."""
    await builds.follow("web", 1)
    assert await meant(builds, "cancel") == "web#1"
    assert await meant(builds, "build view 2") == "web#2"


async def test_the_only_active_build_is_meant(builds) -> None:
    """Of several builds in a thread the only active one is meant."""
    builds.sim.run_build(builds.sim.builds[0])
    await builds.follow("web", 1)
    await builds.follow("web", 2)
    assert await meant(builds, "cancel") == "web#2"


async def test_several_active_builds_are_offered(builds) -> None:
    """Of several active builds one has to be chosen; each choice says pipeline and number."""
    await builds.follow("web", 1)
    await builds.follow("api", 1)
    with pytest.raises(Ambiguous) as caught:
        await builds.pinned("cancel")
    assert caught.value.options == (
        ("api#1 main (scheduled)", {"pipeline": "api", "number": "1"}),
        ("web#1 main (scheduled)", {"pipeline": "web", "number": "1"}),
    )
    assert await meant(builds, "cancel web") == "web#1"


async def test_a_pipeline_alone_means_its_newest_build(builds) -> None:
    """A pipeline without a number means the newest build of it."""
    assert await meant(builds, "build view web") == "web#2"


async def test_a_number_alone_means_the_channels_pipeline(builds) -> None:
    """A number alone means the pipeline that this channel is about, if there is one."""
    bench = builds.at(Thread("T1", "C1"))
    builds.cards.channel = [await builds.known("web", 2)]
    assert await meant(bench, "build view 1") == "web#1"
    builds.cards.channel.append(await builds.known("api", 1))
    with pytest.raises(Ambiguous) as caught:
        await bench.pinned("build view 7")
    assert caught.value.options == (("api#7", "api"), ("web#7", "web"))


@pytest.mark.parametrize("text", ["build view", "build view 5"])
async def test_nothing_to_go_by_shows_the_form(builds, text: str) -> None:
    """Where nothing tells which build, the answer shows how to name one."""
    with pytest.raises(UsageError, match="`web 101`, `web#101` or its URL"):
        await builds.at(Thread("T1", "C9")).pinned(text)


async def test_unknown_names_get_near_ones(builds) -> None:
    """A pipeline that does not exist is answered with near names; so is another organization's."""
    with pytest.raises(NotFound, match=r"Did you mean mobile\?"):
        await builds.pinned("build view mobil 1")
    with pytest.raises(UsageError, match="“other”; I work for “acme-inc” only"):
        await builds.pinned("build view other/web#1")


async def test_a_pipeline_without_builds_says_so(bench) -> None:
    """A pipeline that never ran: how to start it is told."""
    with pytest.raises(UsageError, match=r"web has no builds yet. Start one: `/bk build create web`."):
        await bench.pinned("build view web")
