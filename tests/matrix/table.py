"""The rights of each kind of person on each pipeline, and what follows from them for every operation.

`allow`: it is done, once. `refuse`: nothing happens, and the person is told why and who can help.
`ask`: it waits on a card for approvals. `none`: there is no such thing to act on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.operations.operation import Operation, Permission
from bot.operations.registry import Registry
from tests.matrix.scenes import find_scene

Rights = Mapping[str, frozenset[Permission]]
PEOPLE = ("stranger", "guest", "member", "ungranted", "granted", "approver", "admin")
_NONE: frozenset[Permission] = frozenset()
_ALL = frozenset(Permission)
_FOR_EVERYONE = _ALL - {Permission.AGENTS, Permission.PIPELINES, Permission.ADMIN}
_DEFAULT: Rights = {
    "member": _FOR_EVERYONE,
    "ungranted": _FOR_EVERYONE,
    "granted": _FOR_EVERYONE,
    "approver": _FOR_EVERYONE,
    "admin": _ALL,
}
"""Without a policy file: on any pipeline. People who are left out have no rights."""
_STAFF = frozenset({Permission.HELP, Permission.READ, Permission.LOGS, Permission.ARTIFACTS})
_DEPLOYER = frozenset({Permission.HELP, Permission.READ, Permission.LOGS, Permission.BUILD, Permission.LOCK})
_APPROVER = frozenset({Permission.HELP, Permission.READ, Permission.LOGS, Permission.APPROVE})
_ADMIN = _ALL - {Permission.COMMIT, Permission.APPROVE}
_SHOP: Rights = {
    "member": _STAFF | {Permission.BUILD, Permission.LOCK},
    "approver": _APPROVER,
    "admin": _ADMIN,
}
"""With the policy of `cast.py`: on the shop, and on nothing in particular."""
_PRODUCTION: Rights = {"member": _STAFF, "granted": _DEPLOYER, "approver": _APPROVER, "admin": _ADMIN}
"""With that policy: on the production pipeline."""
_PROTECTED_VERBS = ("create", "rebuild", "retry", "unblock")
# Where each operation's button is that everybody sees, or one person alone, and which forms don't open by typing.
# The card of a build that nobody asked for has a Mute, that of a build that waits may have an Agents: such cards
# aren't drawn in this world. A form that `asks` is answered by a question before anything is done.
PUBLIC_BUTTONS = {
    "agent resume": "answer",
    "build cancel": "card",
    "build rebuild": "card",
    "build retry": "card",
    "job log": "card",
    "pipeline unarchive": "answer",
    "proposal approve": "proposal",
    "proposal refuse": "proposal",
    "proposal withdraw": "proposal",
    "queue resume": "answer",
    "mute off": "answer",
}
PRIVATE_BUTTONS = {
    "agent pause": "agent",
    "agent resume": "agent",
    "agent stop": "agent",
    "artifacts download": "artifacts",
    "build annotate": "form",
    "build annotations": "build",
    "build artifacts": "build",
    "build cancel": "question",
    "build create": "form",
    "build rebuild": "build",
    "build retry": "build",
    "build watch": "build",
    "connect": "form",
    "health": "health",
    "job cancel": "job question",
    "job log": "build",
    "job retry": "jobs",
    "job unblock": "build",
    "lock": "form",
    "mute": "subscriptions",
    "pipeline copy": "form",
    "pipeline create": "form",
    "pipeline update": "form",
    "pipeline view": "pipeline",
    "queue pause": "form",
    "admin service add": "services",
    "subscribe": "form",
    "admin agent-token list": "cluster",
    "subscribe remove": "subscriptions",
}
_FORMS = {
    "job unblock": "card",
    "subscribe": "asks",
}


@dataclass(frozen=True)
class Table:
    """A word for each operation and person."""

    rows: dict[str, dict[str, str]]

    def __getitem__(self, operation: str) -> dict[str, str]:
        return self.rows[operation]


def make_default_table(operations: Registry) -> Table:
    """Return the table without a policy file, where nothing can be proposed."""
    proposals = {op.name for op in operations if op.name.startswith("proposal ")}
    return Table(
        {
            op.name: {
                person: "none" if op.name in proposals and op.needs in _DEFAULT.get(person, _NONE) else word
                for person, word in _make_row(op, _DEFAULT, _DEFAULT).items()
            }
            for op in operations
        }
    )


def make_shop_table(operations: Registry) -> Table:
    """Return the table for the shop with the policy. `granted` asked for the proposals; admins may interfere."""
    rows = {op.name: _make_row(op, _SHOP, _PRODUCTION) for op in operations}
    withdraw = rows["proposal withdraw"]
    rows["proposal withdraw"] = withdraw | {"member": "refuse", "approver": "refuse"}
    return Table(rows)


def make_production_table(operations: Registry) -> Table:
    """Return the table for the protected pipeline: every operation that has a pipeline."""
    aimed = [op for op in operations if "pipeline" in op.args.model_fields]
    rows = {op.name: _make_row(op, _PRODUCTION, _SHOP) for op in aimed}
    for op in aimed:
        if op.needs is Permission.BUILD and op.verb in _PROTECTED_VERBS:
            rows[op.name] = {person: word.replace("allow", "ask") for person, word in rows[op.name].items()}
    return Table(rows)


def _make_row(operation: Operation, rights: Rights, elsewhere: Rights) -> dict[str, str]:
    """Return the word for each person. Rights elsewhere are enough if no pipeline is named, or none matters."""
    named = "{pipeline}" in find_scene(operation).words
    anywhere = operation.needs is Permission.HELP or (operation.filters_pipelines and not named)
    return {
        person: "allow"
        if operation.needs in rights.get(person, _NONE) | (elsewhere.get(person, _NONE) if anywhere else _NONE)
        else "refuse"
        for person in PEOPLE
    }


def find_forms(operations: Registry) -> dict[str, str]:
    """Return for each operation with a form how it opens."""
    return {op.name: _FORMS.get(op.name, "typed") for op in operations if op.opens_form or op.load_fields}
