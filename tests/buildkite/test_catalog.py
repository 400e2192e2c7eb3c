"""The catalog finds pipelines, agents and other objects by the names that people use."""

import asyncio

import pytest

from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.name_offers import Menu, find_similar
from bot.buildkite.naming import NameKind
from bot.errors import Ambiguous, NotFound, Unavailable
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim


def name_anything(_kind: NameKind, _name: str, _pipeline: str | None = None) -> bool:
    """Allow every name."""
    return True


@pytest.fixture
def catalog(sim: BuildkiteSim, buildkite: Buildkite, clock: ManualClock) -> Catalog:
    for slug in ("web", "website", "deploy-prod"):
        sim.pipeline(slug)
    return Catalog(buildkite, clock).for_person(name_anything)


async def test_a_misspelled_pipeline_gets_suggestions(catalog: Catalog) -> None:
    """The error for an unknown slug suggests similar ones."""
    with pytest.raises(NotFound, match=r"no pipeline “deploy-prd”. Did you mean deploy-prod\?"):
        await catalog.find_pipeline("deploy-prd")
    with pytest.raises(NotFound, match=r"Did you mean website\?"):
        await catalog.find_pipeline("websit")


async def test_without_a_person_nothing_is_named(
    sim: BuildkiteSim, buildkite: Buildkite, clock: ManualClock
) -> None:
    """A catalog that isn't bound to a person, or to one who may read nothing, offers no names."""
    sim.pipeline("website")
    catalog = Catalog(buildkite, clock)
    assert (await catalog.find_pipeline("website")).slug == "website"
    assert await catalog.suggest("pipeline", "web") == ()
    with pytest.raises(NotFound) as problem:
        await catalog.find_pipeline("websit")
    assert problem.value.hint == ""


async def test_the_list_is_read_once_a_minute(sim: BuildkiteSim, catalog: Catalog, clock: ManualClock) -> None:
    """Ten concurrent look-ups cost one request; after a minute the list is read again."""
    await asyncio.gather(*(catalog.find_pipeline("web") for _ in range(10)))
    assert len(sim.requests) == 1
    clock.advance(61)
    await catalog.list_pipelines()
    assert len(sim.requests) == 2


async def test_one_of_very_many_pipelines_costs_few_requests(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Among a thousand pipelines one is found at once, while the list is read in the background."""
    for number in range(1000):
        sim.pipeline(f"service-{number}")
    assert (await catalog.find_pipeline("service-999")).slug == "service-999"
    assert len(sim.requests) <= 6
    assert len(await catalog.list_pipelines()) == 1003
    before = len(sim.requests)
    assert (await catalog.find_pipeline("Service-998")).slug == "service-998"
    assert len(sim.requests) == before
    with pytest.raises(NotFound, match="Did you mean"):
        await catalog.find_pipeline("service-99x")
    assert len(sim.requests) == before + 1


async def test_an_old_list_is_better_than_none(sim: BuildkiteSim, catalog: Catalog, clock: ManualClock) -> None:
    """While Buildkite is down, an outdated list still serves; without a list the outage is reported."""
    await catalog.list_pipelines()
    clock.advance(61)
    sim.down = True
    assert (await catalog.find_pipeline("web")).slug == "web"
    with pytest.raises(Unavailable):
        await catalog.list_agents()


async def test_archived_pipelines_are_not_offered(sim: BuildkiteSim, catalog: Catalog) -> None:
    """Menus don't contain archived pipelines."""
    sim.archive("website")
    assert [slug for slug, _ in await catalog.suggest("pipeline", "")] == ["deploy-prod", "web"]


async def test_an_agent_is_found_by_id_prefix_or_name(sim: BuildkiteSim, catalog: Catalog) -> None:
    """The full ID, a unique prefix of it and the name all find the agent."""
    agent = sim.agent("linux-1")
    sim.agent("linux-2")
    for text in (agent.id, agent.id[:8], "linux-1"):
        assert (await catalog.find_agent(text)).id == agent.id


async def test_agents_with_the_same_name_are_offered(sim: BuildkiteSim, catalog: Catalog) -> None:
    """The choices among agents with the same name contain their IDs."""
    agents = [sim.agent("linux", hostname=f"host-{n}") for n in (1, 2)]
    with pytest.raises(Ambiguous) as caught:
        await catalog.find_agent("linux")
    labels = tuple((f"linux ({agent.id[:8]}, {agent.hostname})", agent.id) for agent in agents)
    assert (caught.value.field, caught.value.options) == ("agent", labels)


async def test_a_stopped_agent_is_found_by_id(sim: BuildkiteSim, catalog: Catalog) -> None:
    """A stopped agent isn't listed: its ID finds it, but its name only gets suggestions."""
    stopped = sim.agent("linux-1", connection_state="stopped")
    sim.agent("linux-2")
    assert (await catalog.find_agent(stopped.id)).connection_state == "stopped"
    with pytest.raises(NotFound, match=r"Did you mean linux-2\?"):
        await catalog.find_agent("linux-1")


async def test_menus_offer_agents_by_name(sim: BuildkiteSim, catalog: Catalog) -> None:
    """A menu shows the agent's name; the value is its ID."""
    agent = sim.agent("linux-1", hostname="host-1")
    assert await catalog.suggest("agent", "LIN") == ((f"linux-1 ({agent.id[:8]}, host-1)", agent.id),)
    assert await catalog.suggest("planet", "") == ()


def test_options_that_start_with_the_text_come_first() -> None:
    """Options that start with the typed text in any case come first; a menu has at most 100."""
    menu = Menu[str]("pipeline", lambda name: (name, name), str)
    found = menu.find_options("web", ("my-web", "Web", "api", "website"), name_anything)
    assert [label for label, _ in found] == ["Web", "website", "my-web"]
    many = tuple(str(number) for number in range(300))
    assert len(menu.find_options("", many, name_anything)) == 100
    odd = menu.find_options("", many, lambda _kind, name, _pipeline=None: int(name) % 2 == 1)
    assert len(odd) == 100  # filtered before they are cut


def test_suggestions_keep_their_case() -> None:
    """Names are compared in any case, but suggested in their own."""
    assert find_similar("linux1", ["Linux-1", "mac"]) == ("Linux-1",)


async def test_an_outdated_menu_is_offered_at_once(
    sim: BuildkiteSim, catalog: Catalog, clock: ManualClock
) -> None:
    """After a minute the old menu is shown at once and refreshed by a single request."""
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
    """Branches are those of the pipeline's newest builds, its default branch, and first the typed text."""
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
    """Clusters and queues are offered by name and chosen by ID; an unknown kind has no options."""
    sim.agent("linux-1")
    assert [label for label, _ in await catalog.suggest("cluster", "")] == [sim.cluster.name]
    assert await catalog.suggest("queue", "def") != ()
    assert await catalog.suggest("nothing", "") == ()
