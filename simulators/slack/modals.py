"""Open modals and home tabs: open, push, update, publish, close."""

import json
from typing import Any

from simulators.slack.errors import ApiError
from simulators.slack.state import APP_ID, BOT_ID, Workspace
from simulators.slack.validation.blocks import check_view
from simulators.slack.validation.defaults import normalize_view
from simulators.slack.views import View, make_initial_inputs

Json = dict[str, Any]
MAX_STACK = 3
MAX_BYTES = 250_000


class OpenViews:
    """The views that each person has open."""

    def __init__(self, workspace: Workspace) -> None:
        self._world = workspace
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def top(self, user: str) -> View | None:
        """Return the modal in front."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def open(self, user: str, source: Any) -> View:
        """Open a modal as a new stack."""
        view = self._make_view(user, self._check(source, "modal"), None)
        self.stacks[user] = [view]
        return self._notify(view)

    def push(self, user: str, source: Any) -> View:
        """Push a modal on top of the open one. Raise ApiError push_limit_reached, not_found."""
        checked = self._check(source, "modal")
        stack = self.stacks.get(user)
        if not stack:
            raise ApiError("not_found")
        if len(stack) >= MAX_STACK:
            raise ApiError("push_limit_reached")
        view = self._make_view(user, checked, stack[-1])
        stack.append(view)
        return self._notify(view)

    def update(self, view: View, source: Any, expected: str | None = None) -> View:
        """Replace a view's contents. Raise ApiError hash_conflict."""
        if expected is not None and expected != view.hash:
            raise ApiError("hash_conflict")
        view.replace(self._check(source, view.kind, view), self._world.ids.view_hash())
        return self._notify(view)

    def publish(self, user: str, source: Any, expected: str | None = None) -> View:
        """Publish a person's home tab."""
        if user in self.homes:
            return self.update(self.homes[user], source, expected)
        self.homes[user] = self._make_view(user, self._check(source, "home"), None)
        return self._notify(self.homes[user])

    def find(self, view_id: Any, external_id: Any = None) -> View:
        """Find an open view. Raise ApiError not_found."""
        for view in [*self.homes.values(), *(v for stack in self.stacks.values() for v in stack)]:
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        raise ApiError("not_found")

    def close_top(self, user: str) -> None:
        """Close the front modal; the one below shows again."""
        stack = self.stacks.get(user, [])
        if stack:
            stack.pop()
        self._world.changes.notify("view", user=user)

    def clear(self, user: str) -> None:
        """Close the whole stack."""
        self.stacks.pop(user, None)
        self._world.changes.notify("view", user=user)

    def _notify(self, view: View) -> View:
        self._world.changes.notify(view.kind if view.kind == "home" else "view", user=view.user, id=view.id)
        return view

    def _check(self, source: Any, kind: str, instead_of: View | None = None) -> Json:
        found = check_view(source)
        if found:
            raise ApiError.with_messages("invalid_arguments", found.render_lines())
        if source["type"] != kind:
            raise ApiError.with_messages(
                "invalid_arguments", ["must be a valid enum value [json-pointer:/view/type]"]
            )
        if len(json.dumps(source, ensure_ascii=False).encode()) > MAX_BYTES:
            raise ApiError("view_too_large")
        self._refuse_duplicate(source.get("external_id"), instead_of)
        return normalize_view(source, lambda: self._world.ids.token(5))

    def _refuse_duplicate(self, external_id: Any, instead_of: View | None) -> None:
        every = [view for stack in self.stacks.values() for view in stack]
        if external_id and any(v.external_id == external_id and v is not instead_of for v in every):
            raise ApiError("duplicate_external_id")

    def _make_view(self, user: str, source: Json, below: View | None) -> View:
        world, name = self._world, self._world.ids.object("V")
        identity = {"app_id": APP_ID, "app_installed_team_id": world.team, "bot_id": BOT_ID}
        view = View(
            name, user, world.team, source, world.ids.view_hash(), below.root if below else name, identity=identity
        )
        view.previous = below.id if below else None
        view.inputs = make_initial_inputs(source["blocks"])
        return view
