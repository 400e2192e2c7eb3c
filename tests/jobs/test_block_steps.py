"""The fields of a block step are read from the pipeline's configuration."""

import pytest

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.operations.operation import FormField
from commands.job.block_step import fill_fields, find_fields

YAML = """
steps:
  - command: make
  - wait
  - group: Release
    steps:
      - block: "Release?"
        key: release
        fields:
          - text: Version
            key: version
            hint: like 1.42
          - select: Ring
            key: ring
            default: canary
            required: false
            options: [{label: Canary, value: canary}, {label: Everyone, value: all}]
          - select: Regions
            key: regions
            multiple: true
            required: false
            options: [{label: EU, value: eu}, {label: US, value: us}]
  - input: "Who?"
  - block:
      label: Nested
"""


def gate(**more: str) -> Job:
    return Job(id="j", type="manual", state="blocked", **more)  # type: ignore[arg-type]


def read_fields() -> tuple[FormField, ...]:
    found = find_fields(YAML, gate(step_key="release"))
    assert found is not None
    return found


def test_a_step_is_found_by_key_and_by_label() -> None:
    """A block step is found by its key, else by its label, even inside groups."""
    assert [field.key for field in read_fields()] == ["version", "ring", "regions"]
    assert find_fields(YAML, gate(label="Release?")) == read_fields()
    assert find_fields(YAML, gate(label="Who?")) == ()


def test_fields_have_what_the_form_needs() -> None:
    """Label, hint, default, options and multiple choice are read."""
    version, ring, regions = read_fields()
    assert version == FormField("version", "Version", "like 1.42")
    assert (ring.default, ring.required, ring.options) == (
        "canary",
        False,
        (("Canary", "canary"), ("Everyone", "all")),
    )
    assert regions.multiple


@pytest.mark.parametrize(
    "text", [None, "", "steps: 3", "[", "- just\n- words", "{a: *b}", "steps: [{block: x, fields: 3}]"]
)
def test_an_unreadable_configuration_has_no_fields(text: str | None) -> None:
    """With an unreadable or missing configuration, the step is simply not found."""
    assert find_fields(text, gate(step_key="release")) is None


def test_defaults_and_labels_are_understood() -> None:
    """Defaults fill in, options may be named by their labels, and several values are sent one per line."""
    assert fill_fields(read_fields(), {"version": "1.42"}) == {"version": "1.42", "ring": "canary"}
    given = {"version": "1", "ring": "everyone", "regions": "eu, US"}
    assert fill_fields(read_fields(), given) == {"version": "1", "ring": "all", "regions": "eu\nus"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, r"needs `version` \(Version\)"),
        ({"version": "1", "ring": "moon"}, "`moon` isn't an option for `ring`. Options: `canary`, `all`"),
        ({"version": "1", "colour": "red"}, "no field `colour`. Its fields: `regions`, `ring`, `version`"),
    ],
)
def test_wrong_values_are_named(given: dict[str, str], expected: str) -> None:
    """Missing, unknown and impossible values are named, with what to write instead."""
    with pytest.raises(UsageError, match=expected):
        fill_fields(read_fields(), given)
