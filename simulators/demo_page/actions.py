"""The page's actions by name; each is a coroutine over the two simulators."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.buildkite.values import Refusal
from simulators.demo_page.agent_actions import AGENT
from simulators.demo_page.buildkite_actions import PANEL
from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.origin_guard import ActionRefused
from simulators.demo_page.slack_actions import PEOPLE
from simulators.slack.errors import NoSuchControl, NotPossible

__all__ = ["ACTIONS", "ActionRefused", "perform"]
Json = dict[str, Any]
Action = Callable[[DemoState, Mapping[str, Any]], Awaitable[Json]]
ACTIONS: Mapping[str, Action] = {**PEOPLE, **PANEL, **AGENT}


async def perform(state: DemoState, name: str, given: Mapping[str, Any]) -> Json:
    """Perform an action and return its answer. Raise ActionRefused, or KeyError for an unknown action."""
    try:
        return await ACTIONS[name](state, given)
    except (NotPossible, NoSuchControl, Refusal) as error:
        raise ActionRefused(str(error).splitlines()[0], 409) from error
    except LookupError as error:
        raise ActionRefused("That no longer exists.", 404) from error
