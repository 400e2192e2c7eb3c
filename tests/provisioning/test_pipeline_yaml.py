"""Checks of steps before anything is created: messages and lines."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from commands.pipeline.steps import find_problems, format_problems
from tests.sampling import many_examples

GOOD = """\
env:
  RAILS_ENV: test
agents:
  queue: default
common: &retry
  automatic: [{exit_status: -1, limit: 2}]
steps:
  - label: ":hammer: Build"
    command: [make, make test]
    key: build
    retry: {<<: *retry}
    plugins:
      - docker#v5.12.0: {image: "node:22"}
  - wait
  - wait: ~
    continue_on_failure: true
  - group: Checks
    steps:
      - command: make lint
        parallelism: $PARALLEL
  - block: Release?
    fields:
      - text: Version
        key: version
      - select: Ring
        key: ring
        options: [{label: Canary, value: canary}]
  - trigger: deploy
    build: {branch: "${BUILDKITE_BRANCH}"}
"""


def check(text: str) -> str:
    """Return the problems as people read them."""
    return format_problems(find_problems(text))


def test_valid_steps_have_no_problems() -> None:
    """Anchors, merges, groups, block steps, triggers, variables and a bare list are all valid."""
    assert find_problems(GOOD) == ()
    assert find_problems("- command: make\n- wait\n") == ()


def test_a_misspelled_key_is_reported_with_its_line() -> None:
    """A misspelled key is reported with its line, the kind of step and a suggestion."""
    assert check("steps:\n  - comand: make\n") == snapshot(
        "line 2: `comand` isn't a key of a command step; did you mean `command`?"
    )
    assert check("steps:\n  - trigger: web\n    buidl: {}\n  - wiat\n") == snapshot("""\
line 3: `buidl` isn't a key of a trigger step; did you mean `build`?
line 4: `wiat` isn't a step. Did you mean `wait`?\
""")
    assert check("stesp:\n  - wait\n") == snapshot("line 1: a pipeline needs `steps`: did you mean `stesp`?")


def test_a_wrong_value_is_reported_with_the_accepted_forms() -> None:
    """If a value may have several forms, the message names them rather than the schema's rules."""
    text = """\
steps:
  - command: make
    parallelism: four
    agents: 3
    concurrency_method: fast
    timeout_in_minutes: 0
    depends_on: [{stp: build}]
    retry: {automatic: {limit: many}}
"""
    assert format_problems(find_problems(text)) == snapshot("""\
line 3: `parallelism` is “four”, but should be a whole number.
line 4: `agents` is “3”, but should be a mapping or a list.
line 5: `concurrency_method` is “fast”, but can be `ordered` or `eager`.
line 6: `timeout_in_minutes` is “0”, but must be at least 1.
line 7: `stp` isn't a key of `depends_on`; did you mean `step`?
… and 1 more\
""")


def test_an_incomplete_block_step_is_reported() -> None:
    """A field without a key and a step without a purpose are reported."""
    text = "steps:\n  - block: Go?\n    fields:\n      - select: Ring\n  - trigger:\n  - label: Nothing\n"
    assert check(text) == snapshot("""\
line 4: `fields` needs `key` and `options`.
line 5: `trigger` is empty, but should be a text.
line 6: this step does nothing: it needs `command`, `trigger`, `wait`, `block`, `input` or `group`.\
""")


def test_groups_contain_steps_but_no_groups() -> None:
    """A group's steps are checked one by one."""
    text = "steps:\n  - group: A\n    steps:\n      - comand: x\n      - group: B\n        steps: [wait]\n"
    assert check(text) == snapshot("""\
line 4: `comand` isn't a key of a command step; did you mean `command`?
line 5: a group can't contain another group.\
""")


def test_invalid_yaml_is_reported_with_its_line() -> None:
    """Tabs, unclosed quotes, duplicate keys and forbidden characters are reported with their lines."""
    assert check("steps:\n\t- wait\n") == snapshot(
        "line 2: this isn't valid YAML: while scanning for the next token "
        "found character that cannot start any token."
    )
    assert check('steps:\n  - command: "make\n') == snapshot(
        "line 2: this isn't valid YAML: while scanning a quoted scalar found unexpected end of stream."
    )
    assert check("steps:\n  - command: a\n    command: b\n") == snapshot("line 3: `command` occurs twice.")
    assert check("steps:\n  - command: a\0\n") == snapshot("line 2: it has a character that YAML doesn't allow.")
    assert check("") == snapshot("line 1: there are no steps here.")


def test_yaml_bombs_are_refused() -> None:
    """Nested aliases, endless nesting, too many parts and too much text are refused with a sentence."""
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    assert check("a0: &a0 [x]\n" + "\n".join(levels) + "\nsteps: *a11\n") == snapshot(
        "line 1: its aliases expand to too many parts."
    )
    assert check("a: &a [*a]\nsteps: *a\n") == snapshot("line 1: an alias refers to itself.")
    assert check("[" * 5000) == snapshot("line 1: it's nested deeper than 40 levels.")
    assert check("- []\n" * 11_000) == snapshot("line 10000: it has more than 20,000 parts.")
    assert check("#" * 100_001) == snapshot("line 1: it's 100,001 characters long; the limit is 100,000.")


_WORDS = st.sampled_from(
    ["steps", "command", "comand", "wait", "block", "fields", "group", "trigger", "plugins", "agents", "key", "<<"]
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4),
)


def check_lines(text: str) -> None:
    """Check that every reported line is in the text."""
    last = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for problem in find_problems(text):
        assert 1 <= problem.line <= last
        assert problem.message


@many_examples(300)
@example("steps:\n- !!int x\n")
@example("? [a]\n: b\nsteps: [wait]")
@example("--- a\n--- b\n")
@example("steps: [0b, 0o8, 1:60:1, !!float x, 2026-01-01, =]")
@example("\ud800")
@example("%YAML 9.9\n---\n")
@given(st.text())
def test_any_text_is_checked(text: str) -> None:
    """The checker never fails, and reports only lines of the text."""
    check_lines(text)


@many_examples(150)
@given(st.lists(_DOCUMENTS, max_size=4), st.booleans())
def test_any_document_is_checked(steps: list[object], bare: bool) -> None:
    """Well-formed YAML with steps of any shape is checked as well."""
    check_lines(yaml.safe_dump(steps if bare else {"steps": steps}, allow_unicode=True))
