"""What the page can ask for, by name: each act is one coroutine over the two stand-ins."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.buildkite.values import Refusal
from simulators.demo_page.buildkite_actions import PANEL
from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.origin_guard import ActionRefused
from simulators.demo_page.slack_actions import PEOPLE
from simulators.slack.errors import NoSuchControl, NotPossible

__all__ = ["ACTIONS", "ActionRefused", "perform"]
Json = dict[str, Any]
Action = Callable[[DemoState, Mapping[str, Any]], Awaitable[Json]]
ACTIONS: Mapping[str, Action] = {**PEOPLE, **PANEL}


async def perform(state: DemoState, name: str, given: Mapping[str, Any]) -> Json:
    """Does it and gives the answer's object. Raises Problem, KeyError for an act that does not exist."""
    try:
        return await ACTIONS[name](state, given)
    except (NotPossible, NoSuchControl, Refusal) as error:
        raise ActionRefused(str(error).splitlines()[0], 409) from error
    except LookupError as error:
        raise ActionRefused("That is not there any more.", 404) from error
