"""The seven kinds of people, two pipelines, and the policy that tells them apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators.buildkite.seed_demo import RELEASE
from simulators.slack.person import Person
from tests.conversations.world import World, open_world

ADDRESS = {"KITESTRING_URL": "https://kitestring.acme.example"}
SHOP, PRODUCTION = "shop", "deploy-prod"
POLICY = """\
admins = "the platform team"

[[grant]]
name = "staff reads"
groups = ["@staff"]
permissions = ["help", "read", "logs", "artifacts"]

[[grant]]
name = "staff builds the shop"
groups = ["@staff"]
permissions = ["build", "lock"]
pipelines = ["shop"]

[[grant]]
name = "Gita deploys"
users = ["U0GITA001"]
permissions = ["help", "read", "logs", "build", "lock"]
pipelines = ["deploy-*"]

[[grant]]
name = "release approves"
groups = ["@release"]
permissions = ["help", "read", "logs", "approve"]

[[grant]]
name = "admins do everything"
standings = ["admin"]
permissions = ["help", "read", "logs", "build", "lock", "agents", "pipelines", "admin", "artifacts", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { groups = ["@release"] }
"""


@dataclass(frozen=True)
class Cast:
    """A world and those who act in it: one person of each kind; Alice, an admin, draws what others press."""

    world: World
    people: dict[str, Person]
    policy: bool

    @property
    def alice(self) -> Person:
        return self.world.alice


@asynccontextmanager
async def open_cast(folder: Path, *, policy: bool, more: Mapping[str, str] | None = None) -> AsyncIterator[Cast]:
    """Open the cast with or without the policy, and with `more` settings.

    Buildkite sends no webhooks, so nothing changes unprompted.
    """
    path = folder / "policy.toml"
    path.write_text(POLICY, "utf-8")
    settings = {**ADDRESS, **(more or {})}
    async with open_world(folder, policy=path if policy else None, webhooks=False, more=settings) as world:
        test = {"label": ":test_tube: Test", "command": "bin/test", "key": "test"}
        world.buildkite.pipeline(SHOP, name="Shop", steps=[test, RELEASE, {**test, "key": "again"}])
        world.buildkite.scopes.add("graphql")
        world.buildkite.limits.user.limit = world.buildkite.limits.org.limit = 10_000  # some cells ask much
        world.buildkite.pipeline("spare")
        people = _people(world)
        world.deploys.members += [person.id for person in people.values()]
        world.slack.group("S0STAFF01", "staff", [people["member"]])
        world.slack.group("S0RELEASE", "release", [people["approver"]])
        yield Cast(world, people, policy)


def _people(world: World) -> dict[str, Person]:
    someone = world.slack.person
    return {
        "stranger": someone("U0SASCHA1", "sascha", stranger=True, team="T0OTHER01"),
        "guest": world.gwen,
        "member": someone("U0MIRA001", "mira"),
        "ungranted": someone("U0UMA0001", "uma"),
        "granted": someone("U0GITA001", "gita"),
        "approver": someone("U0PIA0001", "pia"),
        "admin": someone("U0AMIR001", "amir", admin=True),
    }
