"""Parsing of policy files, and the errors for their mistakes."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.access.policy.parse import InvalidPolicy, parse_expectations, parse_policy
from bot.access.policy.policy_wording import refuse_frozen
from bot.access.policy.rules import FULL_MEMBERS, GUARDED_VERBS, Freeze, Rules, Target
from bot.runtime.time_windows import OneTimeWindow

MANUAL = Path(__file__).parent.parent.parent / "docs" / "policy.md"
WRONG = """\
admin = "x"

[[grant]]
name = "a"
standings = ["member", "guest"]
permissions = [
  "read",  # not [[grant]]
  "buidl",
]
pipelines = "web"

[[grant]]
name = "a"
permissions = ["agents"]
pipelines = []

[[protect]]
name = "p"
pipelines = ["x"]
approvers = { users = ["ann"] }
approvals = 0
expires = "soon"
operation = ["create"]

[[freeze]]
pipelines = ["x"]
from = "Frai 16:00"
until = "Mon 08:00"
zone = "Europe/Lodnon"
except = ["release", 3]

[[grant]]
name = "b"
permissions = ["read"]

[[grant]]
name = "c"
standings = ["admin"]
permissions = ["agents"]
pipelines = ["web"]

[[protect]]
name = "q"
pipelines = ["x"]
approvals = 2

[protect.approvers]
users = ["@ann"]

[[freeze]]
from = "Fri 16:00"
pipelines = ["x"]
until = 2026-12-28T08:00:00

[[quiet]]
pipelines = ["x"]
from = "25:00"
until = "07:00"
"""


def problems(text: str) -> list[str]:
    """Return the problems of a policy text."""
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(text)
    return list(caught.value.problems)


def test_a_shared_channel_is_named_by_id_or_name() -> None:
    """An invalid entry is reported with its line; names may have any case."""
    rules, _ = parse_policy('shared_channels = ["C012ABCDEF", "#Partners"]')
    assert rules.shared_channels == {"C012ABCDEF", "#partners"}
    assert problems('shared_channels = [\n  "#partners",\n  "partners",\n  "D012ABCDEF",\n]') == snapshot(
        [
            'policy.toml line 3: `shared_channels` “partners” isn\'t valid: it should be the id of a channel such as "C012ABCDEF", or its name such as "#partners".',
            'policy.toml line 4: `shared_channels` “D012ABCDEF” isn\'t valid: it should be the id of a channel such as "C012ABCDEF", or its name such as "#partners".',
        ]
    )
    assert problems('shared_channels = "#partners"') == snapshot(
        ['policy.toml line 1: `shared_channels` “#partners” should be a list, such as ["one", "two"].']
    )


def test_every_mistake_is_reported_with_its_line() -> None:
    """All at once, in the order of the file: what is wrong, and what is allowed."""
    assert problems(WRONG) == snapshot(
        [
            "policy.toml line 1: `admin` isn't a known key at the top level. Did you mean `admins`?",
            "policy.toml line 5: `standings` “guest” isn't one of member or admin.",
            "policy.toml line 8: `permissions` “buidl” isn't one of help, read, logs, build, agents, pipelines, admin, commit, env, artifacts, approve or lock.",
            'policy.toml line 10: `pipelines` “web” should be a list, such as ["one", "two"].',
            "policy.toml line 13: the name “a” is already used; names must be unique.",
            "policy.toml line 15: `pipelines` is empty: leave it out, or give at least one value.",
            'policy.toml line 20: `users` “ann” isn\'t valid: it should be a user id such as "U012ABCDEF", or a handle such as "@ann".',
            "policy.toml line 21: `approvals` “0” is too small: at least 1.",
            "policy.toml line 22: `expires` “soon” isn't valid: it should be a duration such as 30m, 2h, 1h30m or 7d.",
            "policy.toml line 23: `operation` isn't a known key in `[[protect]]`. Did you mean `operations`?",
            'policy.toml line 27: `from` “Frai 16:00” isn\'t valid: it should be a weekday and time such as "Fri 16:00", or a date such as 2026-12-23T18:00:00.',
            'policy.toml line 29: `zone` “Europe/Lodnon” isn\'t valid: it should be a time zone such as "Europe/London".',
            "policy.toml line 30: `groups` “3” should be a string in quotes.",
            'policy.toml line 30: `groups` “release” isn\'t valid: it should be the id of a user group such as "S012ABCDEF", a handle such as "@release", or a service such as "service:release-bot".',
            "policy.toml line 32: this `[[grant]]` is invalid: it applies to no one: add `users`, `groups` or `standings`.",
            "policy.toml line 39: this `[[grant]]` is invalid: `agents` doesn't depend on pipelines: move it to a grant of its own.",
            "policy.toml line 45: this `[[protect]]` is invalid: it requires more `approvals` than there are `approvers`.",
            "policy.toml line 53: this `[[freeze]]` is invalid: `from` and `until` must both be weekdays, or both be dates.",
            'policy.toml line 57: `from` “25:00” isn\'t valid: it should be a time such as "22:00".',
        ]
    )


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), ("\n[[grant]\n", 2), ("x = [1,\n", 2), ('admins = "a"\nadmins = "b"\n', 2)]
)
def test_invalid_toml_is_reported_with_its_line(text: str, line: int) -> None:
    """A slip of the pen is found where it is."""
    (answer,) = problems(text)
    assert answer.startswith(f"policy.toml line {line}: this isn't valid TOML: ")


def test_tables_within_a_line_have_lines_too() -> None:
    """`freeze = [{…}]` says the same as `[[freeze]]`."""
    text = 'freeze = [\n  {pipelines = ["a"], from = "Fri 16:00"},\n  {pipelines = ["b"], form = "x"},\n]\n'
    assert problems(text) == snapshot(
        [
            "policy.toml line 2: `[[freeze]]` has no `until`.",
            "policy.toml line 3: `[[freeze]]` has no `from`.",
            "policy.toml line 3: `[[freeze]]` has no `until`.",
            "policy.toml line 3: `form` isn't a known key in `[[freeze]]`. Did you mean `from`?",
        ]
    )


def test_the_manual_s_example_is_a_policy() -> None:
    """The manual's example is valid and meets its own expectations."""
    (example,) = re.findall(r"```toml\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    rules, expected = parse_policy(example)
    assert [len(rules.grants), len(rules.protections), len(rules.freezes), len(expected)] == [6, 1, 3, 2]
    assert rules.grants[0].principals.standings == FULL_MEMBERS
    assert rules.groups == {"@release", "@web", "S012ABCDEF"}
    assert rules.protections[0].operations == GUARDED_VERBS


def test_a_service_is_no_group_of_slack_and_approves_nothing() -> None:
    """Slack isn't asked who is in it; a protection that names one as an approver is a mistake."""
    grant = 'grant = [{name = "x", groups = ["service:ci", "@ops"], permissions = ["read"]}]'
    rules, _ = parse_policy(grant)
    assert rules.groups == {"@ops"}
    with pytest.raises(InvalidPolicy, match="a service can't approve"):
        parse_policy('protect = [{name = "x", pipelines = ["web"], approvers = {groups = ["service:ci"]}}]')


def test_an_empty_file_allows_nothing() -> None:
    """A policy file that says nothing grants nothing."""
    rules, _ = parse_policy("")
    assert rules.grants == ()


def test_handles_are_the_same_in_any_case() -> None:
    """Handles match in any case, because Slack's are lower-case."""
    (grant,) = parse_policy('grant = [{name = "x", users = ["@Ann"], permissions = ["read"]}]')[0].grants
    assert grant.principals.users == {"@ann"}


def test_a_file_of_expectations_holds_nothing_else() -> None:
    """A grant in a file of expectations is reported, not ignored."""
    with pytest.raises(InvalidPolicy, match="line 1: `grant` isn't a known key"):
        parse_expectations('grant = [{name = "x"}]', "expected.toml")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 30)
    | st.sampled_from(["", "x", "@a", "U0AB", "Fri 16:00", "22:00", "UTC"])
)
KEYS = ["name", "users", "groups", "standings", "permissions", "pipelines", "branches", "channels", "approvers"]
KEYS += ["approvals", "expires", "operations", "from", "until", "zone", "except", "reason", "days", "result"]


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, int) else f'"{value or ""}"'


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["grant", "protect", "freeze", "quiet", "expect"]),
            st.dictionaries(st.sampled_from(KEYS), SCALARS | st.lists(SCALARS, max_size=2), max_size=6),
        ),
        max_size=4,
    )
)
def test_any_text_is_a_policy_or_has_lines(tables: list[tuple[str, dict[str, object]]]) -> None:
    """Any text gives either rules or errors with existing lines."""
    lines = [
        line
        for kind, table in tables
        for line in (f"[[{kind}]]", *(f"{key} = {toml(of)}" for key, of in table.items()))
    ]
    try:
        parse_policy("\n".join(lines))
    except InvalidPolicy as error:
        for answer in error.problems:
            found = re.match(r"policy\.toml line (\d+): .+\.$|policy\.toml line (\d+): .+\?$", answer)
            assert found, answer
            assert 1 <= int(found[1] or found[2]) <= len(lines)


def test_a_freeze_into_the_next_year_names_the_year() -> None:
    """A date of another year carries the year."""
    ends = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
    freeze = Freeze("Holidays", ("*",), OneTimeWindow(datetime(2026, 12, 23, tzinfo=UTC), ends))
    ends_at = {
        now.year: str(refuse_frozen(Rules(), freeze, Target("web"), ends, now).message)
        for now in (datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    }
    assert ends_at == {
        2026: "`web` is frozen until Mon 4 Jan 2027 08:00 (UTC).",
        2027: "`web` is frozen until Mon 4 Jan 08:00 (UTC).",
    }
