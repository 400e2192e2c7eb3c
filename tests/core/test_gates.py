"""The fields of a block step, from the pipeline's configuration."""

import pytest

from bot.buildkite.models import Job
from bot.errors import UsageError
from bot.operations.operation import Field
from commands.job.block_step import fields, filled

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


def asked() -> tuple[Field, ...]:
    found = fields(YAML, gate(step_key="release"))
    assert found is not None
    return found


def test_a_step_is_found_by_key_and_by_label() -> None:
    """A gate is found by its key, else by its label, within groups too."""
    assert [field.key for field in asked()] == ["version", "ring", "regions"]
    assert fields(YAML, gate(label="Release?")) == asked()
    assert fields(YAML, gate(label="Who?")) == ()


def test_fields_have_what_the_form_needs() -> None:
    """Label, hint, default, options and whether several may be chosen are read."""
    version, ring, regions = asked()
    assert version == Field("version", "Version", "like 1.42")
    assert (ring.default, ring.required, ring.options) == (
        "canary",
        False,
        (("Canary", "canary"), ("Everyone", "all")),
    )
    assert regions.multiple


@pytest.mark.parametrize(
    "text", [None, "", "steps: 3", "[", "- just\n- words", "{a: *b}", "steps: [{block: x, fields: 3}]"]
)
def test_what_is_no_configuration_has_no_fields(text: str | None) -> None:
    """Unreadable or absent configuration: the step is not found, nothing breaks."""
    assert fields(text, gate(step_key="release")) is None


def test_defaults_and_labels_are_understood() -> None:
    """A default fills in, an option may be named by its label, several values go out one a line."""
    assert filled(asked(), {"version": "1.42"}) == {"version": "1.42", "ring": "canary"}
    given = {"version": "1", "ring": "everyone", "regions": "eu, US"}
    assert filled(asked(), given) == {"version": "1", "ring": "all", "regions": "eu\nus"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"needs `version` \(Version\)"),
        ({"version": "1", "ring": "moon"}, "`moon` is no choice of `ring`. Choose `canary`, `all`"),
        ({"version": "1", "colour": "red"}, "no field `colour`. It takes `regions`, `ring`, `version`"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], said: str) -> None:
    """Missing, unknown and impossible values are named with what to write instead."""
    with pytest.raises(UsageError, match=said):
        filled(asked(), given)
