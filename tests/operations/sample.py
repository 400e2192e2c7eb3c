"""A small registry with an operation for every way in which an argument can be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.operations.addresses import BranchArgs, BuildArgs, JobArgs
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.operation import FormField as Input
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.results import Result


class Create(BranchArgs):
    """A build to start."""

    commit: Annotated[str, Opt(short="c", target="commit"), Field(description="Commit")] = "HEAD"
    message: Annotated[str | None, Opt(short="m", multiline=True, secret=False), Field(description="Message")] = (
        None
    )
    env: Annotated[
        dict[str, str],
        Opt(short="e", hint="DEPLOY=1", target="env", secret=True),
        Field(description="Environment"),
    ] = Field(default_factory=dict)
    ignore_branch_filters: Annotated[bool, Opt(short="i"), Field(description="Ignore branch filters")] = False


class Listing(Args):
    """Builds to show."""

    pipeline: Annotated[str | None, Opt(short="p", positional=True, suggest="pipeline", target="pipeline")] = None
    state: Annotated[tuple[Literal["running", "passed", "failed"], ...], Field(description="States")] = ()
    branch: Annotated[tuple[str, ...], Opt(target="branch"), Field(description="Branches")] = ()
    limit: Annotated[int, Field(ge=1, le=50, description="At most")] = 10
    summary: Annotated[bool, Field(description="Without jobs")] = True


class Stop(Args):
    """Agents to stop."""

    agent: Annotated[tuple[str, ...], Opt(positional=True, suggest="agent"), Field(min_length=1)]
    force: Annotated[bool, Field(description="Cancel what runs")] = False


class Pause(Args):
    """An agent to pause."""

    agent: Annotated[str, Opt(positional=True, suggest="agent"), Field(description="Agent name or id")]
    note: Annotated[str | None, Field(description="Why")] = None
    timeout_in_minutes: Annotated[int, Field(ge=1, le=1440, description="Resume by itself after")] = 5


class Reprioritize(Args):
    """A job to move."""

    job: Annotated[str, Opt(positional=True)]
    priority: Annotated[int, Opt(positional=True)]
    order: Annotated[Literal["first", "last"], Field(description="Order")] = "last"


class Unblock(JobArgs):
    """A block step to unblock."""

    fields: Annotated[
        dict[str, str], Opt(short="f", positional=True, secret=True), Field(description="Fields")
    ] = Field(default_factory=dict)


class Topic(Args):
    """A subject of help."""

    noun: Annotated[str | None, Opt(positional=True)] = None
    verb: Annotated[str | None, Opt(positional=True)] = None


class Nothing(Args):
    """No arguments."""


class Named(Result, frozen=True):
    """The name of a model."""


async def _answer(args: Args, ctx: object) -> Reply[Named]:
    """Reply with the name of the model."""
    del ctx
    name = type(args).__name__
    return Reply(data=Named(message=name), text=name)


async def _no_fields(given: Mapping[str, Any], ctx: object) -> tuple[Input, ...]:
    """Return no fields, like a block step without any."""
    del given, ctx
    return ()


def _operation(name: str, model: type[Args], needs: Permission, effect: Effect, **options: Any) -> Operation:
    async def run(args: Args, ctx: object) -> Reply[Named]:
        return await _answer(args, ctx)

    run.__annotations__["args"] = model
    run.__doc__ = f"What `{name}` does."
    return operation(name, needs=needs, effect=effect, **options)(run)


def sample() -> Registry:
    """Return a registry with operations of every shape."""
    read, build, agents = Permission.READ, Permission.BUILD, Permission.AGENTS
    return Registry(
        [
            _operation(
                "build create",
                Create,
                build,
                Effect.CHANGES_BUILDKITE,
                examples=("build create web -b main",),
                also=("run", "build new"),
                implied_by="noun",
            ),
            _operation("build list", Listing, read, Effect.READS),
            _operation("build view", BuildArgs, read, Effect.READS, implied_by="address"),
            _operation("build cancel", BuildArgs, build, Effect.CHANGES_BUILDKITE, also=("cancel",)),
            _operation("build retry", BuildArgs, build, Effect.CHANGES_BUILDKITE, also=("retry",)),
            _operation("job log", JobArgs, Permission.LOGS, Effect.READS),
            _operation("job retry", JobArgs, build, Effect.CHANGES_BUILDKITE),
            _operation("job unblock", Unblock, build, Effect.CHANGES_BUILDKITE, load_fields=_no_fields),
            _operation("job reprioritize", Reprioritize, build, Effect.CHANGES_BUILDKITE, also=("job priority",)),
            _operation("agent list", Nothing, read, Effect.READS),
            _operation("agent pause", Pause, agents, Effect.CHANGES_BUILDKITE),
            _operation("agent stop", Stop, agents, Effect.CHANGES_BUILDKITE),
            _operation("organization list", Nothing, read, Effect.READS, former=("org ls",)),
            _operation("help", Topic, Permission.HELP, Effect.READS),
            _operation("whoami", Nothing, Permission.HELP, Effect.READS),
        ]
    )
