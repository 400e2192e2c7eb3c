"""What follows a new pipeline: the webhook at the repository's host, a first build, a subscription."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.access.locks.rules import locked
from bot.access.policy.decide import decide
from bot.access.policy.policy_wording import needs
from bot.access.policy.rules import Allow, Refuse, Target
from bot.buildkite.models import Build, Person, Pipeline
from bot.buildkite.resources import INSTANCE_KEY, NewBuild
from bot.errors import KitestringError, Refused, Unavailable
from bot.execution.context import Context
from bot.notifications.subscriptions.model import DEFAULT_STATES, Subscription, in_order, named
from bot.operations.reply import Button, Call, Reply
from commands.pipeline.render import Done, made

WEBHOOK, BUILD, SUBSCRIBE = "GitHub webhook", "first build", "this channel's subscription"
UNKNOWN = "I do not know whether it was done."


@dataclass(frozen=True)
class Wanted:
    """What is to follow."""

    webhook: bool = False
    build: bool = False
    subscribe: bool = False


async def followed_up(pipeline: Pipeline, how: str, wanted: Wanted, ctx: Context) -> Reply:
    """Do what is wanted, one after the other, and tell what came of each; none undoes the pipeline.

    The subscription comes before the build, so that the build is told of.
    """
    builds: list[Build] = []

    async def build() -> None:
        builds.append(await _build(pipeline, ctx))

    done = [
        await _tried(WEBHOOK, lambda: _webhook(pipeline, ctx)) if wanted.webhook else None,
        await _tried(SUBSCRIBE, lambda: _subscribe(pipeline, ctx)) if wanted.subscribe else None,
        await _tried(BUILD, build) if wanted.build else None,
    ]
    return _told(pipeline, how, [item for item in done if item], builds)


async def found_again(pipeline: Pipeline, how: str, wanted: Wanted, ctx: Context) -> Reply:
    """The same after a crash: the first build has our mark, of the rest nobody can say whether it was done."""
    build = await ctx.buildkite.marked_build(pipeline.slug, ctx.mark) if wanted.build else None
    done = [
        Done(WEBHOOK, UNKNOWN) if wanted.webhook else None,
        Done(SUBSCRIBE, UNKNOWN) if wanted.subscribe else None,
        Done(BUILD, "" if build else UNKNOWN) if wanted.build else None,
    ]
    return _told(pipeline, how, [item for item in done if item], [build] if build else [])


def _told(pipeline: Pipeline, how: str, done: list[Done], builds: list[Build]) -> Reply:
    missed = {item.what for item in done if item.wrong}
    buttons = [button for what, button in _offers(pipeline).items() if what in missed or _always(what, done)]
    page = Button("Open", url=pipeline.web_url, reads=f"Open {pipeline.name} at Buildkite")
    return Reply(
        text=made(pipeline, how, done),
        buttons=(*buttons, page),
        builds=tuple(builds),
        also=builds[0] if builds else None,
        private=False,
    )


def _always(what: str, done: list[Done]) -> bool:
    """A build and a subscription are what comes next, wanted or not."""
    return what != WEBHOOK and what not in {item.what for item in done}


def _offers(pipeline: Pipeline) -> dict[str, Button]:
    """What does each of them again."""
    given = {"pipeline": pipeline.slug}
    return {
        WEBHOOK: Button("Create GitHub webhook", Call("pipeline webhook", given)),
        BUILD: Button("Start a build", Call("build create", given)),
        SUBSCRIBE: Button("Subscribe this channel", Call("subscribe", given, yes=True)),
    }


async def _tried(what: str, work: Callable[[], Awaitable[None]]) -> Done:
    try:
        await work()
    except KitestringError as error:
        said = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
        sent = isinstance(error, Unavailable) and error.sent
        return Done(what, f"{said} {UNKNOWN if sent else error.hint}".strip())
    return Done(what)


async def _webhook(pipeline: Pipeline, ctx: Context) -> None:
    await ctx.buildkite.create_github_webhook(pipeline.slug)


async def _subscribe(pipeline: Pipeline, ctx: Context) -> None:
    await _admit("subscribe", Target(pipeline.slug), ctx)
    await _postable(ctx)
    direct = ctx.thread.channel.startswith("D")
    item = Subscription(
        id="",
        team=ctx.thread.team,
        channel=ctx.thread.channel,
        pipeline=pipeline.slug,
        created_by=ctx.actor.id,
        created_at=ctx.clock.now(),
        states=in_order(DEFAULT_STATES),
        owner=ctx.actor.id if direct else None,
        origin="person" if direct else "chat",
    )
    await ctx.subscribing.save(named(item))


async def _build(pipeline: Pipeline, ctx: Context) -> Build:
    branch = pipeline.default_branch or "main"
    await _admit("build create", Target(pipeline.slug, branch, "HEAD"), ctx)
    await _postable(ctx)
    author = Person(name=ctx.actor.name, email=ctx.actor.email)
    new = NewBuild(branch=branch, author=author, meta_data={INSTANCE_KEY: ctx.instance})
    return await ctx.buildkite.create_build(pipeline.slug, new, ctx.mark)


async def _postable(ctx: Context) -> None:
    if not await ctx.subscribing.postable(ctx.thread):
        raise Refused("I am not in this channel.", "Type `/invite @kitestring` first.", "not in the channel")


async def _admit(name: str, target: Target, ctx: Context) -> None:
    """Each follows its own rule: whoever may make pipelines may not build them for that reason. Raises Refused."""
    op, now = ctx.registry[name], ctx.clock.now()
    verdict = decide(ctx.rules(), ctx.actor, op, target, now)
    if isinstance(verdict, Allow):
        verdict = locked(op, target, await ctx.locks.live(target.pipeline), ctx.actor, now) or verdict
    if isinstance(verdict, Refuse):
        raise Refused(verdict.message, verdict.hint, verdict.rule)
    if not isinstance(verdict, Allow):
        raise Refused(needs(op, verdict), "Ask for it with the button.", verdict.rule)
