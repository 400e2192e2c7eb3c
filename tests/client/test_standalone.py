"""The client without the bot: its constructor, its organization and its errors."""

import subprocess
import sys

import pytest
from inline_snapshot import snapshot

import bot.buildkite
from bot.buildkite.client import Buildkite
from bot.errors import Ambiguous, KitestringError, NotFound, Refused, UsageError
from simulators.buildkite.sim import TOKEN, BuildkiteSim

# Packages that a program shouldn't load just to use Buildkite's API.
HEAVY = ("slack_sdk", "slack_bolt", "sqlalchemy", "alembic", "starlette", "aiohttp", "matplotlib", "commands")


async def test_the_only_organization_is_found(base: str) -> None:
    """A token that can see one organization needs no slug."""
    async with Buildkite(TOKEN, endpoint=base) as bk:
        assert bk.organization == "acme-inc"
        assert [build.number async for build in bk.builds("web", state=["failed"])] == [3, 1]
        assert bk.for_background().organization == "acme-inc"


async def test_a_named_organization_is_not_looked_up(sim: BuildkiteSim, base: str) -> None:
    """With a slug, entering the client sends no request."""
    async with Buildkite(TOKEN, "acme-inc", endpoint=base):
        assert not sim.requests


async def test_several_organizations_are_listed(sim: BuildkiteSim, base: str) -> None:
    """The error for a token that can see several organizations lists them and says how to name one."""
    sim.other_organizations.append("acme-labs")
    client = Buildkite(TOKEN, endpoint=base)
    with pytest.raises(Ambiguous) as refusal:
        await client.__aenter__()
    assert str(refusal.value) == snapshot(
        'The token can see 2 organizations: acme-inc, acme-labs. Name one of them: Buildkite(token, "acme-inc").'
    )
    assert dict(refusal.value.options) == {"Acme Inc": "acme-inc", "acme-labs": "acme-labs"}
    assert client.requests.http.is_closed


async def test_a_token_without_an_organization_is_reported(sim: BuildkiteSim, base: str) -> None:
    """The error for a token without an organization says so."""
    sim.personal_token("Ada Martin", "bkua_outside", member=False)
    with pytest.raises(NotFound, match="The token can't see any organization"):
        await Buildkite("bkua_outside", endpoint=base).__aenter__()


async def test_a_client_without_an_organization_refuses_calls(base: str) -> None:
    """A client that hasn't been entered refuses calls that need the organization."""
    client = Buildkite(TOKEN, endpoint=base)
    with pytest.raises(UsageError, match="has no organization yet"):
        await client.pipeline("web")
    await client.requests.http.aclose()


@pytest.mark.parametrize("token", ["", " ", "bkua_a b", "bkua_x\n", "bkua_é", "bkua_x\r\nX-Other: 1"])
def test_a_malformed_token_is_refused(token: str) -> None:
    """A token copied incorrectly is refused before anything is sent."""
    with pytest.raises(UsageError, match="isn't an API token"):
        Buildkite(token)


async def test_hints_address_the_owner_of_the_token(sim: BuildkiteSim, base: str) -> None:
    """Outside the bot no hint mentions the bot's settings."""
    hints = {}
    async with Buildkite("bkua_wrong", "acme-inc", endpoint=base) as bk:
        hints[401] = await read_hint(bk)
    sim.scopes -= {"read_user"}
    async with Buildkite(TOKEN, "acme-inc", endpoint=base) as bk:
        hints[403] = await read_hint(bk)
    sim.faults.fail(302)
    async with Buildkite(TOKEN, "acme-inc", endpoint=base, patience=0.1) as bk:
        hints[302] = await read_hint(bk)
    assert hints == snapshot(
        {
            401: "Use one that isn't revoked or expired.",
            403: "Add the read_user scope to the API token.",
            302: "Check the endpoint, or the proxy in between.",
        }
    )


async def read_hint(bk: Buildkite) -> str:
    """Return the hint of the error that reading the user raises."""
    with pytest.raises(KitestringError) as refusal:
        await bk.user()
    assert not isinstance(refusal.value, Refused) or refusal.value.rule
    return refusal.value.hint


def test_every_public_name_exists() -> None:
    """The package has every name in `__all__`."""
    assert [name for name in bot.buildkite.__all__ if not hasattr(bot.buildkite, name)] == []


def test_nothing_of_the_bot_is_loaded() -> None:
    """A program that imports the client loads neither Slack, nor a database, nor commands."""
    program = f"import sys, bot.buildkite; print([n for n in {HEAVY!r} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
