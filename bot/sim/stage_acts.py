"""What the page can ask for, by name: each act is one coroutine over the two stand-ins."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot.sim.buildkite.values import Refusal
from bot.sim.slack.errors import Impossible, NoSuchControl
from bot.sim.stage_guard import Problem
from bot.sim.stage_panel import PANEL
from bot.sim.stage_people import PEOPLE

if TYPE_CHECKING:
    from bot.sim.stage import Stage

__all__ = ["ACTS", "Problem", "perform"]

Json = dict[str, Any]
Act = Callable[["Stage", Mapping[str, Any]], Awaitable[Json]]

ACTS: Mapping[str, Act] = {**PEOPLE, **PANEL}


async def perform(stage: "Stage", name: str, given: Mapping[str, Any]) -> Json:
    """Does it and gives the answer's object. Raises Problem, KeyError for an act that does not exist."""
    try:
        return await ACTS[name](stage, given)
    except (Impossible, NoSuchControl, Refusal) as error:
        raise Problem(str(error).splitlines()[0], 409) from error
    except LookupError as error:
        raise Problem("That is not there any more.", 404) from error
