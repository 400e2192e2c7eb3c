"""Commands that stop agents, and let them act again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.api_tokens.agent_switch import AgentSwitch
from bot.access.policy.service import PolicyService
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.access.results import AgentsResult


class AgentsArgs(Args):
    """Arguments of `agents-off` and `agents-on`."""

    mine: Annotated[bool, Opt(), Field(description="Only your own, if you're an admin")] = False


@dataclass(frozen=True)
class AgentsContext:
    """The person, whether they are an admin, and the switch."""

    caller: Caller
    policy: PolicyService
    agents: AgentSwitch

    def concerns_all(self, args: AgentsArgs) -> bool:
        """Return whether the person means everyone's agents: an admin who doesn't say otherwise."""
        return not args.mine and self.policy.holds(self.caller.actor, Permission.ADMIN)


@operation(
    "agents-off",
    needs=Permission.HELP,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    token_callable=False,
    examples=("agents-off", "agents-off --mine"),
)
async def agents_off(args: AgentsArgs, ctx: AgentsContext) -> Reply[AgentsResult]:
    """Stop at once all that programs with API tokens, and Slackbot, do for you; as an admin, for everyone."""
    actor, again = ctx.caller.actor, code(f"{ctx.caller.command} agents-on")
    if ctx.concerns_all(args):
        await ctx.agents.set_all(actor.name)
        text = md("stopped all agents: API tokens and Slackbot do nothing until {again}", again=again)
        return Reply(data=AgentsResult(message=text, stopped=True, everyone=True), text=text, private=False)
    await ctx.agents.set_own(actor.id, stopped=True)
    text = md("Your agents are stopped: API tokens and Slackbot do nothing for you until {again}.", again=again)
    return Reply(data=AgentsResult(message=text, stopped=True, everyone=False), text=text)


@operation(
    "agents-on",
    needs=Permission.HELP,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    token_callable=False,
    examples=("agents-on",),
)
async def agents_on(args: AgentsArgs, ctx: AgentsContext) -> Reply[AgentsResult]:
    """Let your agents act again; as an admin, everyone's, but for those whose owners stopped them."""
    everyone = ctx.concerns_all(args)
    await ctx.agents.set_own(ctx.caller.actor.id, stopped=False)
    if everyone:
        await ctx.agents.set_all(None)
        text: Mrkdwn = md("let agents act again")
        return Reply(data=AgentsResult(message=text, stopped=False, everyone=True), text=text, private=False)
    by = await ctx.agents.find_stop()
    text = md("Your agents may act again.")
    if by:
        text = md("You no longer stop your agents, but {by} has stopped all agents.", by=by)
    return Reply(data=AgentsResult(message=text, stopped=by is not None, everyone=False), text=text)
