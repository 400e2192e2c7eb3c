"""Resolving the build from what people leave out."""

import pytest

from bot.errors import Ambiguous, NotFound, UsageError
from bot.slack.types import Thread


async def resolve(bench, text: str) -> str:
    _, args = await bench.pin(text)
    return f"{args.pipeline}#{args.number}"


@pytest.fixture
def builds(bench):
    """Two builds of web and one of api."""
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
    """Words, number sign, flags, URL and the pipeline's name all identify the same build."""
    assert await resolve(builds, text) == "web#1"


async def test_in_a_thread_its_build_is_the_default(builds) -> None:
    """In a build's thread the build is the default, and its pipeline is the default for a number."""
    await builds.follow("web", 1)
    assert await resolve(builds, "cancel") == "web#1"
    assert await resolve(builds, "build view 2") == "web#2"


async def test_the_only_active_build_of_a_thread_is_chosen(builds) -> None:
    """If a thread has several builds, the only active one is chosen."""
    builds.sim.run_build(builds.sim.builds[0])
    await builds.follow("web", 1)
    await builds.follow("web", 2)
    assert await resolve(builds, "cancel") == "web#2"


async def test_several_active_builds_are_offered(builds) -> None:
    """If several builds are active, they are offered with pipeline and number."""
    await builds.follow("web", 1)
    await builds.follow("api", 1)
    with pytest.raises(Ambiguous) as caught:
        await builds.pin("cancel")
    assert caught.value.options == (
        ("api#1 main (scheduled)", {"pipeline": "api", "number": "1"}),
        ("web#1 main (scheduled)", {"pipeline": "web", "number": "1"}),
    )
    assert await resolve(builds, "cancel web") == "web#1"


async def test_a_pipeline_alone_means_its_newest_build(builds) -> None:
    """A pipeline without a number means its newest build."""
    assert await resolve(builds, "build view web") == "web#2"


async def test_a_number_alone_means_the_channels_pipeline(builds) -> None:
    """A number alone means the pipeline of the channel's cards, if there is only one."""
    bench = builds.at(Thread("T1", "C1"))
    builds.cards.channel = [await builds.track("web", 2)]
    assert await resolve(bench, "build view 1") == "web#1"
    builds.cards.channel.append(await builds.track("api", 1))
    with pytest.raises(Ambiguous) as caught:
        await bench.pin("build view 7")
    assert caught.value.options == (("api#7", "api"), ("web#7", "web"))


@pytest.mark.parametrize("text", ["build view", "build view 5"])
async def test_an_unresolved_build_shows_how_to_name_it(builds, text: str) -> None:
    """If no build can be resolved, the error shows how to name one."""
    with pytest.raises(UsageError, match="`web 101`, `web#101` or its URL"):
        await builds.at(Thread("T1", "C9")).pin(text)


async def test_unknown_names_get_near_ones(builds) -> None:
    """An unknown pipeline is answered with similar names; another organization is refused."""
    with pytest.raises(NotFound, match=r"Did you mean mobile\?"):
        await builds.pin("build view mobil 1")
    with pytest.raises(UsageError, match=r"organization “other”. I only work with “acme-inc”"):
        await builds.pin("build view other/web#1")


async def test_a_pipeline_without_builds_says_so(bench) -> None:
    """For a pipeline without builds, the error says how to start one."""
    with pytest.raises(UsageError, match=r"web has no builds yet. Start one: `/bk build create web`."):
        await bench.pin("build view web")
