"""`notify`: direct messages about one's own builds, and about approvals that wait for one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from bot.errors import Conflict, UsageError
from bot.execution.context import Context
from bot.notifications.direct.model import APPROVALS, USUAL, WISHES, Wish, build_wishes, in_display_order
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md

Word = Literal["on", "off", Wish]


class Notify(Args):
    """What to be told of; `me` is only there to be read."""

    words: Annotated[
        tuple[Word, ...],
        Opt(positional=True, hint="on failed,blocked,fixed"),
        Field(max_length=30, description="on or off, and what"),
    ] = ()

    @field_validator("words", mode="before")
    @classmethod
    def _read(cls, words: Any) -> Any:
        """`me` at the beginning and `and` say nothing; on or off stands first, on where neither does."""
        said = [str(item).lower() for item in ([words] if isinstance(words, str) else words)]
        left = [item for index, item in enumerate(said) if item != "and" and (index or item != "me")]
        return ["on", *left] if left and left[0] not in ("on", "off") else left

    @field_validator("words")
    @classmethod
    def _once(cls, words: tuple[Word, ...]) -> tuple[Word, ...]:
        twice = [word for word in words[1:] if word in ("on", "off")]
        if twice:
            raise UsageError(f"`{twice[0]}` stands first, and once.", "Write `notify off failed`.", "words")
        return words


@operation(
    "notify",
    needs=Permission.READ,
    effect=Effect.READ,
    sifts=True,
    examples=(
        "notify me on failed,blocked,fixed",
        "notify on approvals",
        "notify off failed",
        "notify off",
        "notify",
    ),
)
async def notify(args: Notify, ctx: Context) -> Reply:
    """Be told by direct message of builds that you started or wrote, and of approvals that wait for you."""
    before = await ctx.notifying.wishes(ctx.actor)
    if not args.words:
        return Reply(text=_standing(before, ctx))
    first, named = args.words[0], args.words[1:]
    if first == "off":
        return await _off(before, named, ctx)
    wanted = in_display_order({*before, *(named or USUAL)})
    if build_wishes(wanted) and not ctx.notifying.addresses(ctx.actor):
        hint = "Ask whoever keeps the file of subscriptions to name yours under `[people]`."
        raise Conflict("Slack shows me no e-mail address of yours, so I cannot tell which builds are yours.", hint)
    await ctx.notifying.choose(ctx.actor, wanted)
    return Reply(text=_standing(wanted, ctx))


async def _off(before: tuple[str, ...], named: tuple[str, ...], ctx: Context) -> Reply:
    gone = in_display_order(set(named or WISHES) & set(before))
    if not gone:
        return Reply(text=_standing(before, ctx))
    left = in_display_order(set(before) - set(gone))
    await ctx.notifying.choose(ctx.actor, left)
    again = code(f"{ctx.command} notify on {','.join(gone)}")
    if not left:
        return Reply(text=md("Stopped: I send you no direct messages. {again} turns them on again.", again=again))
    stopped = md("Stopped. {again} turns it on again.", again=again)
    return Reply(text=lines([stopped, _standing(left, ctx)]))


def _standing(wishes: tuple[str, ...], ctx: Context) -> Mrkdwn:
    """What is on, which builds are theirs, and how to change it."""
    builds = build_wishes(wishes)
    if not wishes:
        how = code(f"{ctx.command} notify me on {','.join(USUAL)}")
        return md("I send you no direct messages. {how} turns them on.", how=how)
    said = [
        md("I tell you by direct message of builds of yours: {states}.", states=_all(builds)) if builds else "",
        _known(ctx) if builds else "",
        "I tell you when an approval waits for you." if APPROVALS in wishes else "",
        md("{off} ends it.", off=code(f"{ctx.command} notify off")),
    ]
    return lines([item for item in said if item])


def _known(ctx: Context) -> Mrkdwn:
    mine = [code(address) for address in sorted(ctx.notifying.addresses(ctx.actor))]
    return md(
        "Yours are those with {who} as creator or author.\nWhere you asked for one yourself, I tell you there.",
        who=Mrkdwn(join_or(mine)) if mine else "an address that I do not know",
    )


def _all(states: tuple[str, ...]) -> str:
    return join_or([state.replace("_", " ") for state in states]).replace(" or ", " and ")
