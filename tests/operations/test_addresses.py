"""Builds, branches and jobs are found however people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import UsageError
from bot.operations.addresses import Address, BranchArgs, BuildArgs, JobArgs, parse_buildkite_url

JOB = "0190046e-e199-453b-a302-a21a4d649d31"
WEB = "https://buildkite.com/acme/web/builds/101"
API = "https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/101"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), (None, None, None)),
        (("web",), (None, "web", None)),
        (("web", "101"), (None, "web", 101)),
        (("web", "#101"), (None, "web", 101)),
        (("web#101",), (None, "web", 101)),
        (("#101",), (None, None, 101)),
        (("101",), (None, None, 101)),
        (("2048", "101"), (None, "2048", 101)),
        (("acme/web",), ("acme", "web", None)),
        (("acme/web", "101"), ("acme", "web", 101)),
        (("acme/web#101",), ("acme", "web", 101)),
        ((WEB,), ("acme", "web", 101)),
        ((f"{WEB}#{JOB}",), ("acme", "web", 101)),
        ((f"{WEB}/steps/canvas?jid={JOB}",), ("acme", "web", 101)),
        ((API,), ("acme", "web", 101)),
        (("http://127.0.0.1:3000/v2/organizations/acme/pipelines/web/builds/101",), ("acme", "web", 101)),
        (("https://buildkite.com/acme/web",), ("acme", "web", None)),
        (("https://buildkite.com/acme/web/builds?branch=main",), ("acme", "web", None)),
        ((WEB, "101"), ("acme", "web", 101)),
    ],
)
def test_a_build_is_found_however_it_is_written(words: tuple[str, ...], expected: tuple[str | None, ...]) -> None:
    """A build can be a slug and number, `web#101`, a lone number, any of these with an organization, or a URL."""
    build = BuildArgs.model_validate(dict(zip(("pipeline", "number"), words, strict=False)))
    assert (build.org, build.pipeline, build.number) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("web", (None, "web", None)),
        ("web@main", (None, "web", "main")),
        ("web@feature/a@b#c", (None, "web", "feature/a@b#c")),
        ("acme/web@main", ("acme", "web", "main")),
        ("https://buildkite.com/acme/web", ("acme", "web", None)),
    ],
)
def test_a_branch_follows_the_first_at_sign(word: str, expected: tuple[str | None, ...]) -> None:
    """In `web@branch`, everything after the first @ is the branch."""
    branch = BranchArgs.model_validate({"pipeline": word})
    assert (branch.org, branch.pipeline, branch.branch) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (None, None, None)),
        ({"job": JOB}, (None, None, JOB)),
        ({"job": "unit tests", "pipeline": "web", "number": "101"}, ("web", 101, "unit tests")),
        ({"job": "unit tests", "pipeline": "web#101"}, ("web", 101, "unit tests")),
        ({"job": f"{WEB}#{JOB}"}, ("web", 101, JOB)),
        ({"job": f"{WEB}#job-{JOB}"}, ("web", 101, JOB)),
        ({"job": f"{WEB}/steps/canvas?jid={JOB}&tab=output"}, ("web", 101, JOB)),
        ({"job": f"{API}/jobs/{JOB}/log"}, ("web", 101, JOB)),
        ({"job": WEB}, ("web", 101, None)),
        ({"job": "web#101"}, ("web", 101, None)),
    ],
)
def test_a_job_is_found_by_name_id_or_url(given: dict[str, str], expected: tuple[object, ...]) -> None:
    """A job's URL also names its build; a build's URL names no job."""
    job = JobArgs.model_validate(given)
    assert (job.pipeline, job.number, job.job) == expected


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (BuildArgs, {"pipeline": "web#1", "number": "2"}, "You gave both `2` and `1` as the number."),
        (BuildArgs, {"pipeline": "https://example.com/"}, "isn't the URL of"),
        (BranchArgs, {"pipeline": "web@"}, "has no branch"),
        (BranchArgs, {"pipeline": "web@a", "branch": "b"}, "You gave both `a` and `b` as the branch."),
        (
            JobArgs,
            {"job": f"{WEB}#{JOB}", "pipeline": "other"},
            "You gave both `other` and `web` as the pipeline.",
        ),
    ],
)
def test_contradicting_addresses_are_a_mistake(
    model: type[BuildArgs], given: dict[str, str], expected: str
) -> None:
    """Two different builds, branches or pipelines in one command are a mistake, not a choice."""
    with pytest.raises(UsageError, match=expected):
        model.model_validate(given)


@given(st.text(max_size=60))
def test_any_word_is_an_address_or_a_mistake(word: str) -> None:
    """Any word is parsed as an address or explained as a mistake."""
    for model, name in ((BuildArgs, "pipeline"), (BranchArgs, "pipeline"), (JobArgs, "job")):
        try:
            model.model_validate({name: word})
        except (UsageError, ValidationError) as mistake:
            assert str(mistake)  # noqa: PT017 - any other error would fail the test


@given(st.text(max_size=60))
def test_any_url_is_parsed_or_rejected(path: str) -> None:
    """Any path after the host gives an address or None."""
    found = parse_buildkite_url("https://buildkite.com/" + path)
    assert found is None or isinstance(found, Address)
