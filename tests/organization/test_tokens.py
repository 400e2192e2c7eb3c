"""The Buildkite token in use, and agent tokens."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World
from tests.identity.connecting import connect_alice

VALUE = "bkct_made-up-value-0123456789abcdef"


async def test_the_bots_own_token(world: World) -> None:
    """The reply names the owner, the scopes and the expiry, and where the token can be revoked."""
    world.buildkite.scopes = {"read_user", "read_builds", "write_builds", "write_pipelines", "read_clusters"}
    assert await ask_privately(world, world.bob, "admin token") == snapshot("""\
*The Buildkite token in use*
This is my own token. It can't be revoked from chat, only with `kitestring token revoke` on my host.
*Owner*
Sam Kim (sam@example.com)
*Description*
ChatOps
*Expires*
2026-11-09 09:00 UTC
*Scopes*
`read_builds` `read_clusters` `read_user` `write_builds` `write_pipelines`
*Commands that need other scopes*
`read_organizations`: admin organization list, admin organization view
`read_pipelines`: build create, pipeline list, pipeline view
`read_build_logs`: job log
`read_job_env`: job env
`read_artifacts`: artifacts download, artifacts list, build artifacts
`read_agents`: agent list, agent view, queue list, queue view
`write_agents`: agent pause, agent resume, agent stop
`write_clusters`: queue pause, queue resume
`read_teams`: admin team list
`read_pipeline_templates`: admin template list
`read_rules`: admin rule list
`read_notification_services`: admin service list
`write_notification_services`: admin service add, admin service remove
`graphql`: job cancel\
""")


async def test_a_persons_own_token(world: World) -> None:
    """With a connected token, the reply is about that one and how to disconnect it."""
    await connect_alice(world, without={"read_teams", "write_agents", "write_organizations"})
    reply = await ask_privately(world, world.alice, "admin token")
    assert reply.split("\n")[:4] == snapshot(
        [
            "*The Buildkite token in use*",
            "This is your own token. Disconnect it with `/bk disconnect`, or revoke it in Buildkite.",
            "*Owner*",
            "Alice Okafor (alice@acme.example)",
        ]
    )
    assert reply[reply.index("*Commands that need") :] == snapshot("""\
*Commands that need other scopes*
`write_agents`: agent pause, agent resume, agent stop
`read_teams`: admin team list
`graphql`: job cancel\
""")


async def test_a_token_cannot_be_revoked_from_chat(world: World) -> None:
    """Commands that look like revoking are errors with a hint; the token stays valid."""
    assert await ask_privately(world, world.alice, "admin token revoke") == snapshot("""\
⚠️ I don't know what to do with `revoke`.
Usage: `/bk admin token`\
""")
    assert not world.buildkite.revoked


async def test_agent_tokens_are_listed_without_values(world: World) -> None:
    """Tokens are listed with description, addresses and expiry; their value is shown nowhere."""
    world.buildkite.cluster.tokens.append(
        {
            "id": world.buildkite.new_id(),
            "description": "Windows agents",
            "allowed_ip_addresses": "202.144.0.0/24",
            "expires_at": "2027-01-01T00:00:00Z",
            "created_at": "2026-05-26T04:21:41.350Z",
            "token": VALUE,
        }
    )
    assert await ask_privately(world, world.alice, "admin agent-tokens") == snapshot("""\
2 agent tokens of Open Source
Description · Allowed addresses · Created · Expires
Linux agents · 0.0.0.0/0 · 2026-11-02 09:00 UTC · never
Windows agents · 202.144.0.0/24 · 2026-05-26 04:21 UTC · 2027-01-01 00:00 UTC
Values are never shown. Buildkite shows a value only once, when the token is created.\
""")
    assert VALUE not in world.transcript()
    assert await ask_privately(world, world.bob, "admin agent-tokens") == snapshot("""\
⚠️ `admin agent-token list` is for workspace admins.
Ask a workspace admin to do it.\
""")


async def test_a_cluster_without_agent_tokens(world: World) -> None:
    """The reply says that there are none, and what that means."""
    world.buildkite.cluster.tokens.clear()
    assert await ask_privately(world, world.alice, "admin agent-tokens 'Open Source'") == snapshot("""\
The cluster Open Source has no agent tokens, so no agent can connect to it.
Values are never shown. Buildkite shows a value only once, when the token is created.\
""")


async def test_the_user_behind_the_token(world: World) -> None:
    """The reply names the bot's user or, with a connected token, the person's."""
    assert await ask_privately(world, world.alice, "admin user") == snapshot("""\
I act for you in Buildkite as *Sam Kim*. To act as yourself, use `/bk connect`.
*E-mail*
sam@example.com
*Id*
`f728b4fa-4248-4e3a-8a5d-2f346baa9455`\
""")
    await connect_alice(world)
    assert await ask_privately(world, world.alice, "admin user") == snapshot("""\
You act in Buildkite as *Alice Okafor*, with your own token.
*E-mail*
alice@acme.example
*Id*
`2648ee38-e074-45eb-a156-63abc1f254b8`\
""")


async def test_a_token_without_the_scope_for_its_user(world: World) -> None:
    """The error contains Buildkite's 403, which names the scope."""
    world.buildkite.scopes -= {"read_user"}
    assert await ask_privately(world, world.bob, "admin user") == snapshot("""\
⚠️ Buildkite refused: Your access token doesn't have the read_user scope
Ask the bot's operator to add the read_user scope to the API token.\
""")
