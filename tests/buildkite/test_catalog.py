"""Finding pipelines and agents by what people call them."""

import asyncio

import pytest

from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.name_lookup import find_similar, rank_options
from bot.errors import Ambiguous, NotFound, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim


@pytest.fixture
def catalog(sim: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> Catalog:
    for slug in ("web", "website", "deploy-prod"):
        sim.pipeline(slug)
    return Catalog(buildkite, clock)


async def test_a_misspelt_pipeline_gets_near_names(catalog: Catalog) -> None:
    """A slug that does not exist is answered with those that look like it."""
    with pytest.raises(NotFound, match=r"no pipeline “deploy-prd”. Did you mean deploy-prod\?"):
        await catalog.find_pipeline("deploy-prd")
    assert await catalog.find_similar_pipelines("websit") == ("website", "web")


async def test_the_list_is_read_once_a_minute(sim: BuildkiteSim, catalog: Catalog, clock: ManualClock) -> None:
    """Ten who ask at once cost one request; after a minute it is read again."""
    await asyncio.gather(*(catalog.find_pipeline("web") for _ in range(10)))
    assert len(sim.requests) == 1
    clock.advance(61)
    await catalog.list_pipelines()
    assert len(sim.requests) == 2


async def test_one_of_very_many_pipelines_costs_few_requests(sim: BuildkiteSim, catalog: Catalog) -> None:
    """In an organization of a thousand pipelines one is found at once; the list is read behind, patiently."""
    for number in range(1000):
        sim.pipeline(f"service-{number}")
    assert (await catalog.find_pipeline("service-999")).slug == "service-999"
    assert len(sim.requests) <= 6
    assert len(await catalog.list_pipelines()) == 1003
    before = len(sim.requests)
    assert (await catalog.find_pipeline("Service-998")).slug == "service-998"
    assert await catalog.find_similar_pipelines("service-9999") != ()
    assert len(sim.requests) == before
    with pytest.raises(NotFound, match="Did you mean"):
        await catalog.find_pipeline("service-99x")
    assert len(sim.requests) == before + 1


async def test_an_old_list_is_better_than_none(sim: BuildkiteSim, catalog: Catalog, clock: ManualClock) -> None:
    """While Buildkite is down the old list serves; without one the outage is told."""
    await catalog.list_pipelines()
    clock.advance(61)
    sim.down = True
    assert (await catalog.find_pipeline("web")).slug == "web"
    with pytest.raises(Unavailable):
        await catalog.list_agents()


async def test_archived_pipelines_are_not_offered(sim: BuildkiteSim, catalog: Catalog) -> None:
    """An archived pipeline is in no menu."""
    sim.archive("website")
    assert [slug for slug, _ in await catalog.suggest("pipeline", "")] == ["deploy-prod", "web"]


async def test_an_agent_is_found_by_id_prefix_or_name(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Whole id, unique beginning of it, and name all find the agent."""
    agent = sim.agent("linux-1")
    sim.agent("linux-2")
    for text in (agent.id, agent.id[:8], "linux-1"):
        assert (await catalog.find_agent(text)).id == agent.id


async def test_two_agents_of_one_name_are_offered(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Several agents with one name: the choices carry their ids."""
    agents = [sim.agent("linux", hostname=f"host-{n}") for n in (1, 2)]
    with pytest.raises(Ambiguous) as caught:
        await catalog.find_agent("linux")
    labels = tuple((f"linux ({agent.id[:8]}, {agent.hostname})", agent.id) for agent in agents)
    assert (caught.value.field, caught.value.options) == ("agent", labels)


async def test_an_agent_that_has_gone_is_found_by_id(sim: BuildkiteSim, catalog: Catalog) -> None:
    """A stopped agent is in no list, yet its id finds it; its name does not, and near names are told."""
    gone = sim.agent("linux-1", connection_state="stopped")
    sim.agent("linux-2")
    assert (await catalog.find_agent(gone.id)).connection_state == "stopped"
    with pytest.raises(NotFound, match=r"Did you mean linux-2\?"):
        await catalog.find_agent("linux-1")


async def test_menus_offer_agents_by_name(sim: BuildkiteSim, catalog: Catalog) -> None:
    """A menu shows the agent's name, its value is the id."""
    agent = sim.agent("linux-1", hostname="host-1")
    assert await catalog.suggest("agent", "LIN") == ((f"linux-1 ({agent.id[:8]}, host-1)", agent.id),)
    assert await catalog.suggest("planet", "") == ()


def test_what_begins_so_comes_first() -> None:
    """Options that begin with the typed word come first, whatever their case; a menu has a hundred at most."""
    options = [(name, name) for name in ("my-web", "Web", "api", "website")]
    assert [label for label, _ in rank_options("web", options)] == ["Web", "website", "my-web"]
    assert len(rank_options("", [(str(n), str(n)) for n in range(300)])) == 100


def test_near_names_keep_their_case() -> None:
    """Case does not count when names are compared, but is kept when they are told."""
    assert find_similar("linux1", ["Linux-1", "mac"]) == ("Linux-1",)


async def test_an_old_menu_is_offered_at_once(sim: BuildkiteSim, catalog: Catalog, clock: ManualClock) -> None:
    """After a minute the menu is what it was, with one request for the next one who types; not one each."""
    await catalog.suggest("pipeline", "")
    clock.advance(61)
    sim.pipeline("webshop")
    held = sim.faults.hang(method="GET", path="pipelines")
    typed = [await catalog.suggest("pipeline", word) for word in ("w", "we", "web")]
    assert [[label for label, _ in menu] for menu in typed] == [["web", "website"]] * 3
    held.release()
    await catalog.list_pipelines()
    assert [label for label, _ in await catalog.suggest("pipeline", "web")] == ["web", "webshop", "website"]
    assert len(sim.requests) == 2


async def test_recent_branches_are_offered(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Those of the newest builds of the chosen pipeline, and its default; what is typed may be a new one."""
    for branch in ("main", "fix/tax", "fix/basket", "fix/tax"):
        sim.create_build("web", branch)
    sim.create_build("website", "elsewhere")
    menus = [await catalog.suggest("branch", word, "web") for word in ("", "fix", "new one")]
    assert [[label for label, _ in menu] for menu in menus] == [
        ["fix/tax", "fix/basket", "main"],
        ["fix", "fix/tax", "fix/basket"],
        ["new one"],
    ]
    assert [request.path.rpartition("/")[2] for request in sim.requests] == ["builds", "pipelines"]


async def test_every_kind_has_a_menu(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Clusters and queues are offered by name and chosen by id; of a kind that there is not, nothing is."""
    sim.agent("linux-1")
    assert [label for label, _ in await catalog.suggest("cluster", "")] == [sim.cluster.name]
    assert await catalog.suggest("queue", "def") != ()
    assert await catalog.suggest("nothing", "") == ()
