"""Steps after creating a pipeline: its GitHub webhook, a subscription and a first build."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.access.policy.rules import Target
from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.endpoints.pipelines import PipelineCalls
from bot.buildkite.models import Build, Person
from bot.buildkite.resources import INSTANCE_KEY, NewBuild, Pipeline
from bot.errors import KitestringError, Refused, Unavailable
from bot.execution.context import Caller
from bot.notifications.subscriptions.model import DEFAULT_STATES, Subscription, assign_id, sort_states
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.reply import Button, Call, Reply
from bot.runtime.clock import Clock
from commands.build.results import BuildData
from commands.pipeline.render import FollowUpResult, render_made
from commands.pipeline.results import FollowUpData, NewPipelineResult, PipelineData

WEBHOOK, BUILD, SUBSCRIBE = "GitHub webhook", "first build", "this channel's subscription"
UNKNOWN = "I don't know whether this was done."


@dataclass(frozen=True)
class FollowUp:
    """The requested steps after creating a pipeline."""

    webhook: bool = False
    build: bool = False
    subscribe: bool = False


@dataclass(frozen=True)
class NewPipelineContext:
    """The new pipeline, its first build and its subscription, and who may ask for them."""

    caller: Caller
    pipelines: PipelineCalls
    builds: BuildCalls
    catalog: Catalog
    subscriptions: SubscriptionService
    policy: PolicyService
    clock: Clock


async def run_follow_up(
    pipeline: Pipeline, action: str, wanted: FollowUp, ctx: NewPipelineContext
) -> Reply[NewPipelineResult]:
    """Run the requested steps one after the other, and return their results.

    A failed step doesn't undo the pipeline. The subscription comes before the build, so that it covers the build.
    """
    builds: list[Build] = []

    async def build() -> None:
        builds.append(await _start_build(pipeline, ctx))

    done = [
        await _try(WEBHOOK, lambda: _create_webhook(pipeline, ctx)) if wanted.webhook else None,
        await _try(SUBSCRIBE, lambda: _subscribe_channel(pipeline, ctx)) if wanted.subscribe else None,
        await _try(BUILD, build) if wanted.build else None,
    ]
    return _reply_made(pipeline, action, [result for result in done if result], builds)


async def reply_recovered(
    pipeline: Pipeline, action: str, wanted: FollowUp, ctx: NewPipelineContext
) -> Reply[NewPipelineResult]:
    """Return the reply after a crash. Only a build carries our mark; the results of other steps are unknown."""
    build = await ctx.builds.find_marked_build(pipeline.slug, ctx.caller.invocation_id) if wanted.build else None
    done = [
        FollowUpResult(WEBHOOK, UNKNOWN) if wanted.webhook else None,
        FollowUpResult(SUBSCRIBE, UNKNOWN) if wanted.subscribe else None,
        FollowUpResult(BUILD, "" if build else UNKNOWN) if wanted.build else None,
    ]
    return _reply_made(pipeline, action, [result for result in done if result], [build] if build else [])


def _reply_made(
    pipeline: Pipeline, action: str, done: list[FollowUpResult], builds: list[Build]
) -> Reply[NewPipelineResult]:
    missed = {result.what for result in done if result.wrong}
    buttons = [
        button for what, button in _make_buttons(pipeline).items() if what in missed or _is_next_step(what, done)
    ]
    page = Button("Open", url=pipeline.web_url, spoken_label=f"Open {pipeline.name} in Buildkite")
    text = render_made(pipeline, action, done)
    return Reply(
        data=NewPipelineResult(
            message=text,
            pipeline=PipelineData.from_pipeline(pipeline),
            steps=tuple(FollowUpData(step=result.what, problem=result.wrong or None) for result in done),
            build=BuildData.from_build(builds[0]) if builds else None,
        ),
        text=text,
        buttons=(*buttons, page),
        builds=tuple(builds),
        extra_card_build=builds[0] if builds else None,
        private=False,
    )


def _is_next_step(what: str, done: list[FollowUpResult]) -> bool:
    """Return whether to offer a step that wasn't requested: a build or a subscription usually comes next."""
    return what != WEBHOOK and what not in {result.what for result in done}


def _make_buttons(pipeline: Pipeline) -> dict[str, Button]:
    """Return the button that repeats each step."""
    given = {"pipeline": pipeline.slug}
    return {
        WEBHOOK: Button("Create GitHub webhook", Call("pipeline webhook", given)),
        BUILD: Button("Start a build", Call("build create", given)),
        SUBSCRIBE: Button("Subscribe this channel", Call("subscribe", given, confirmed=True)),
    }


async def _try(what: str, work: Callable[[], Awaitable[None]]) -> FollowUpResult:
    try:
        await work()
    except KitestringError as error:
        message = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
        sent = isinstance(error, Unavailable) and error.sent
        return FollowUpResult(what, f"{message} {UNKNOWN if sent else error.hint}".strip())
    return FollowUpResult(what)


async def _create_webhook(pipeline: Pipeline, ctx: NewPipelineContext) -> None:
    await ctx.pipelines.create_github_webhook(pipeline.slug)


async def _subscribe_channel(pipeline: Pipeline, ctx: NewPipelineContext) -> None:
    await ctx.policy.require(ctx.caller.actor, "subscribe", Target(pipeline.slug))
    await _check_postable(ctx)
    direct = ctx.caller.thread.channel.startswith("D")
    subscription = Subscription(
        id="",
        team=ctx.caller.thread.team,
        channel=ctx.caller.thread.channel,
        pipeline=pipeline.slug,
        created_by=ctx.caller.actor.id,
        created_at=ctx.clock.now(),
        states=sort_states(DEFAULT_STATES),
        owner=ctx.caller.actor.id if direct else None,
        origin="person" if direct else "chat",
    )
    await ctx.subscriptions.save(assign_id(subscription))


async def _start_build(pipeline: Pipeline, ctx: NewPipelineContext) -> Build:
    branch = pipeline.default_branch or "main"
    # Creating a pipeline doesn't imply that the person may start builds of it.
    await ctx.policy.require(ctx.caller.actor, "build create", Target(pipeline.slug, branch, "HEAD"))
    await _check_postable(ctx)
    author = Person(name=ctx.caller.actor.name, email=ctx.caller.actor.email)
    new = NewBuild(branch=branch, author=author, meta_data={INSTANCE_KEY: ctx.caller.instance})
    return await ctx.builds.create_build(pipeline.slug, new, ctx.caller.invocation_id)


async def _check_postable(ctx: NewPipelineContext) -> None:
    if not await ctx.subscriptions.can_post(ctx.caller.thread):
        raise Refused("I'm not in this channel.", "Type `/invite @kitestring` first.", "not in the channel")
