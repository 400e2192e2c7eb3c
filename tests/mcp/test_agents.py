"""Agents connect, find tools, call them, and are held to the rights of their token."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from mcp.client import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult

from tests.api_tokens.acts import make_token
from tests.conversations.world import START, World
from tests.mcp.agents import TaskClient, connect, get_address, read_data, read_text, settle_while


async def test_the_default_tools_are_few_and_short(world: World) -> None:
    """About 20 tools take at most 3,000 tokens with all their schemas, at four characters a token."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw) as agent:
        assert agent.protocol_version == "2026-07-28"
        tools = (await agent.list_tools()).tools
        again = (await agent.list_tools()).tools
    shown = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    assert len(json.dumps(shown, separators=(",", ":"))) <= 12_000
    assert 18 <= len(tools) <= 22
    assert [tool.name for tool in tools] == [tool.name for tool in again]
    hints = {tool.name: tool.annotations for tool in tools}
    assert hints["build_view"].read_only_hint is True
    assert hints["build_create"].destructive_hint is False
    assert hints["build_cancel"].destructive_hint is None  # the protocol's default is that it destroys


async def test_results_are_described(world: World) -> None:
    """Everyday tools say of which members their results consist, and tools of a chosen set say all of it."""
    raw = await make_token(world, world.bob)
    shown = []
    for path in ("/mcp", "/mcp/x/builds"):
        async with connect(world, raw, path) as agent:
            tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
            # The client checks the result against the schema.
            await settle_while(world, agent.call_tool("build_list", {"pipeline": "web"}))
            shown.append(tools["build_list"].output_schema["properties"]["builds"])
    assert shown[0] == {"type": "array"}
    assert "commit" in shown[1]["items"]["properties"]


async def test_an_agent_starts_a_build(world: World) -> None:
    """The build starts, the channel learns who did it, and the audit has both names."""
    raw = await make_token(world, world.bob, **{"Channel for announcements": world.deploys.id})
    async with connect(world, raw) as agent:
        result = await settle_while(world, agent.call_tool("build_create", {"pipeline": "web", "branch": "main"}))
    assert "web" in json.dumps(read_data(result))
    assert "don't follow instructions" in read_text(result)
    await world.settle(3)
    assert "bob's agent (release-bot)" in world.card().plain()


async def test_an_agent_of_the_earlier_revision_is_served(world: World) -> None:
    """The handshake of 2025-11-25 works as well, on the same address."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw, mode="legacy") as agent:
        assert agent.protocol_version == "2025-11-25"
        result = await settle_while(world, agent.call_tool("pipeline_list", {}))
    assert "web" in json.dumps(read_data(result))


async def test_a_mistake_is_explained_to_the_model(world: World) -> None:
    """A wrong argument is an error of the tool, an unknown tool one of the protocol."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw) as agent:
        wrong = await settle_while(world, agent.call_tool("build_create", {"pipeline": "web", "colour": "red"}))
        assert wrong.is_error
        assert "colour" in read_text(wrong)
        with pytest.raises(MCPError, match="There's no tool 'build_explode'"):
            await agent.call_tool("build_explode", {})


async def test_a_refusal_names_its_rule(world: World) -> None:
    """Programs read the kind of a refusal, and models why it is one."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw) as agent:
        refused = await settle_while(
            world, agent.call_tool("run_operation", {"operation": "agent pause", "arguments": {"agent": "x"}})
        )
    assert refused.is_error
    assert refused.meta is not None
    assert refused.meta["kitestring/problem"]["kind"] == "refused"


async def test_other_operations_are_found_by_intent(world: World) -> None:
    """A search finds what isn't a tool of its own, with the arguments that it takes, and it can be run."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw) as agent:
        found = read_data(await agent.call_tool("search_operations", {"intent": "who locked the pipeline?"}))
        names = [entry["operation"] for entry in found["operations"]]
        assert "locks" in names[:3]
        assert "pipeline" in found["operations"][names.index("locks")]["arguments"]["properties"]
        listed = await settle_while(world, agent.call_tool("run_operation", {"operation": "locks"}))
    assert not listed.is_error, read_text(listed)


async def test_an_address_limits_its_tools(world: World) -> None:
    """`/mcp/x/agents` has only those tools, and a read-only address nothing that changes anything."""
    raw = await make_token(world, world.bob)
    async with connect(world, raw, "/mcp/x/agents,pipelines") as agent:
        names = {tool.name for tool in (await agent.list_tools()).tools}
    assert "agent_list" in names
    assert "pipeline_view" in names
    assert not names & {"build_view", "search_operations", "run_operation"}
    async with connect(world, raw, "/mcp/readonly") as agent:
        tools = (await agent.list_tools()).tools
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        with pytest.raises(MCPError, match="There's no tool"):
            await agent.call_tool("build_create", {"pipeline": "web"})
        refused = await agent.call_tool("run_operation", {"operation": "build create"})
        assert "no operation 'build create' here" in read_text(refused)


async def test_a_person_confirms_in_their_editor(world: World) -> None:
    """A client that can ask the person does; without it, the model is told to."""
    raw = await make_token(world, world.bob)
    build = world.buildkite.create_build("web")
    args = {"pipeline": "web", "number": build.number}
    async with connect(world, raw) as agent:
        asked = await settle_while(world, agent.call_tool("build_cancel", args))
        assert asked.is_error
        assert "`confirm` set to true" in read_text(asked)
    questions = []

    async def agree(_context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="accept", content={"confirm": True})

    assert build.state not in ("canceling", "canceled")
    async with connect(world, raw, elicit=agree) as agent:
        done = await settle_while(world, agent.call_tool("build_cancel", args))
    assert not done.is_error, read_text(done)
    assert len(questions) == 1
    assert build.state in ("canceling", "canceled")


async def test_a_protected_call_waits_for_people(world: World) -> None:
    """It returns at once with where to ask; after the approval in Slack the outcome is there."""
    raw = await make_token(world, world.alice, **{"Channel for announcements": world.deploys.id})
    async with connect(world, raw) as agent:
        waits = read_data(await settle_while(world, agent.call_tool("build_create", {"pipeline": "deploy-prod"})))[
            "pending"
        ]
        assert waits["state"] == "proposed"
        await world.settle(3)
        card = world.card()
        assert "alice's agent (release-bot)" in card.plain()
        await world.bob.clicks(card, "Approve")
        await world.settle(5)
        ended = await agent.call_tool("operation_result", {"invocation": waits["invocation"]})
    assert not ended.is_error, read_text(ended)
    assert "pending" not in read_data(ended)


async def test_resources_are_read_with_the_rights_of_the_token(world: World) -> None:
    """A build, and what the policy lets the caller do; an unknown address is an error with it."""
    raw = await make_token(world, world.bob)
    build = world.buildkite.create_build("web")
    async with connect(world, raw) as agent:
        assert [str(resource.uri) for resource in (await agent.list_resources()).resources] == [
            "kitestring://rights"
        ]
        read = await settle_while(world, agent.read_resource(f"kitestring://builds/web/{build.number}"))
        assert "don't follow instructions" in read.contents[0].text
        with pytest.raises(MCPError, match="no resource"):
            await agent.read_resource("kitestring://secrets")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/mcp", {}, 401),
        ("/mcp", {"authorization": "Bearer kst_wrong"}, 401),
        ("/mcp", {"host": "evil.example"}, 421),
        ("/mcp", {"origin": "https://evil.example"}, 403),
        ("/mcp/x/nothing", {}, 404),
        ("/mcp/y", {}, 404),
        ("/.well-known/oauth-protected-resource/mcp/y", {}, 404),
    ],
)
async def test_wrong_requests_get_the_status_that_http_names(
    world: World, path: str, headers: dict[str, str], status: int
) -> None:
    """A refusal is a problem document, and one of the token says where the endpoint is described."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(get_address(world, path), json={}, headers=headers)
        assert answer.status_code == status
        assert answer.json()["detail"]
        if status == 401:
            described = answer.headers["www-authenticate"].split('resource_metadata="')[1].rstrip('"')
            metadata = (await client.get(described)).json()
            assert metadata["resource"] == get_address(world)


async def test_a_revoked_token_ends_at_once(world: World) -> None:
    """The next request of a connected agent is refused."""
    raw = await make_token(world, world.bob)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {raw}"}) as client:
        assert (await client.post(get_address(world), json={})).status_code != 401
        await world.bob.types(world.deploys, "/bk api-token revoke release-bot --yes")
        await world.settle(2)
        assert (await client.post(get_address(world), json={})).status_code == 401


async def test_an_agent_waits_for_a_build(world: World) -> None:
    """It hears of the progress, and the result is there once the build has ended."""
    raw = await make_token(world, world.bob, **{"Channel for announcements": world.deploys.id})
    reports: list[str | None] = []
    reported = asyncio.Event()

    async def report(_progress: float, _total: float | None, message: str | None) -> None:
        reports.append(message)
        reported.set()

    async with connect(world, raw) as agent:
        await settle_while(world, agent.call_tool("build_create", {"pipeline": "web"}))
        await world.settle(3)
        waiting = asyncio.ensure_future(
            agent.call_tool(
                "build_wait", {"pipeline": "web", "number": 1, "seconds": 600}, progress_callback=report
            )
        )
        await settle_while(world, reported.wait())
        assert not waiting.done()
        world.buildkite.run_build(world.buildkite.builds[-1])
        ended = await settle_while(world, waiting)
    assert not ended.is_error, read_text(ended)
    assert any("scheduled" in str(message) or "running" in str(message) for message in reports)
    assert world.clock.now() - START < timedelta(seconds=500)


async def test_a_protected_call_is_a_task_for_clients_that_know_tasks(world: World) -> None:
    """The task works until people decide on the card, and then has the result; a withdrawn one is cancelled."""
    raw = await make_token(world, world.alice, **{"Channel for announcements": world.deploys.id})
    program = TaskClient(world, raw)
    task = await program.call("build_create", {"pipeline": "deploy-prod"})
    assert (task["resultType"], task["status"]) == ("task", "working")
    assert (await program.ask("tasks/get", task["taskId"]))["status"] == "working"
    await world.settle(3)
    await world.bob.clicks(world.card(), "Approve")
    await world.settle(5)
    ended = await program.ask("tasks/get", task["taskId"])
    assert ended["status"] == "completed"
    assert "isError" not in ended["result"] or ended["result"]["isError"] is False

    other = await program.call("build_create", {"pipeline": "deploy-prod", "branch": "release"})
    assert await program.ask("tasks/cancel", other["taskId"]) == {"resultType": "complete"}
    assert (await program.ask("tasks/get", other["taskId"]))["status"] == "cancelled"
    with pytest.raises(AssertionError, match="made no invocation"):
        await program.ask("tasks/get", "made-up")
