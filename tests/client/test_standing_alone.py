"""The client without the bot: its constructor, its organization, and what it says when something is wrong."""

import subprocess
import sys

import pytest
from inline_snapshot import snapshot

import bot.buildkite
from bot.buildkite.client import Buildkite
from bot.errors import Ambiguous, KitestringError, NotFound, Refused, UsageError
from simulators.buildkite.sim import TOKEN, BuildkiteSim

# What a program that only wants Buildkite should not have to load.
HEAVY = ("slack_sdk", "slack_bolt", "sqlalchemy", "alembic", "starlette", "aiohttp", "matplotlib", "commands")


async def test_the_only_organization_is_found(base: str) -> None:
    """A token that sees one organization needs no slug."""
    async with Buildkite(TOKEN, endpoint=base) as bk:
        assert bk.organization == "acme-inc"
        assert [build.number async for build in bk.builds("web", state=["failed"])] == [3, 1]
        assert bk.for_background().organization == "acme-inc"


async def test_a_named_organization_is_not_looked_up(sim: BuildkiteSim, base: str) -> None:
    """With a slug, entering asks nothing."""
    async with Buildkite(TOKEN, "acme-inc", endpoint=base):
        assert not sim.requests


async def test_several_organizations_are_listed(sim: BuildkiteSim, base: str) -> None:
    """A token that sees several is told which, and how to name one."""
    sim.other_organizations.append("acme-labs")
    client = Buildkite(TOKEN, endpoint=base)
    with pytest.raises(Ambiguous) as refusal:
        await client.__aenter__()
    assert str(refusal.value) == snapshot(
        'The token can see 2 organizations: acme-inc, acme-labs. Name one of them: Buildkite(token, "acme-inc").'
    )
    assert dict(refusal.value.options) == {"Acme Inc": "acme-inc", "acme-labs": "acme-labs"}
    assert client.requests.http.is_closed


async def test_no_organization(sim: BuildkiteSim, base: str) -> None:
    """A token outside every organization is told so."""
    sim.personal_token("Ada Martin", "bkua_outside", member=False)
    with pytest.raises(NotFound, match="The token sees no organization"):
        await Buildkite("bkua_outside", endpoint=base).__aenter__()


async def test_before_it_is_entered(base: str) -> None:
    """Nothing can be asked about an organization that is not known yet."""
    client = Buildkite(TOKEN, endpoint=base)
    with pytest.raises(UsageError, match="knows no organization yet"):
        await client.pipeline("web")
    await client.requests.http.aclose()


@pytest.mark.parametrize("token", ["", " ", "bkua_a b", "bkua_x\n", "bkua_é", "bkua_x\r\nX-Other: 1"])
def test_what_can_be_no_token(token: str) -> None:
    """A token that was copied wrongly is refused before anything is sent."""
    with pytest.raises(UsageError, match="can be no API token"):
        Buildkite(token)


async def test_hints_are_for_the_one_who_gave_the_token(sim: BuildkiteSim, base: str) -> None:
    """Outside the bot no hint speaks of the bot's settings."""
    said = {}
    async with Buildkite("bkua_wrong", "acme-inc", endpoint=base) as bk:
        said[401] = await hint(bk)
    sim.scopes -= {"read_user"}
    async with Buildkite(TOKEN, "acme-inc", endpoint=base) as bk:
        said[403] = await hint(bk)
    sim.faults.fail(302)
    async with Buildkite(TOKEN, "acme-inc", endpoint=base, patience=0.1) as bk:
        said[302] = await hint(bk)
    assert said == snapshot(
        {
            401: "Use one that is neither revoked nor expired.",
            403: "Add the scope read_user to the API token.",
            302: "Check the endpoint, or the proxy in between.",
        }
    )


async def hint(bk: Buildkite) -> str:
    """The hint that reading the user ends with."""
    with pytest.raises(KitestringError) as refusal:
        await bk.user()
    assert not isinstance(refusal.value, Refused) or refusal.value.rule
    return refusal.value.hint


def test_every_public_name_is_there() -> None:
    """The package gives what it promises, and every object of its calls."""
    assert [name for name in bot.buildkite.__all__ if not hasattr(bot.buildkite, name)] == []


def test_nothing_of_the_bot_is_loaded() -> None:
    """A program that imports the client loads neither Slack, nor a database, nor commands."""
    told = f"import sys, bot.buildkite; print([n for n in {HEAVY!r} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
