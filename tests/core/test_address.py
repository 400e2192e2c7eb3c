"""Builds, branches and jobs are found however people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import UsageError
from bot.operations.addresses import Address, AtBranch, AtBuild, AtJob, address

JOB = "0190046e-e199-453b-a302-a21a4d649d31"
WEB = "https://buildkite.com/acme/web/builds/101"
API = "https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/101"


@pytest.mark.parametrize(
    ("words", "meant"),
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
def test_a_build_is_found_however_it_is_written(words: tuple[str, ...], meant: tuple[str | None, ...]) -> None:
    """Slug and number, `web#101`, a lone number, an organization before it, any Buildkite URL."""
    build = AtBuild.model_validate(dict(zip(("pipeline", "number"), words, strict=False)))
    assert (build.org, build.pipeline, build.number) == meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("web", (None, "web", None)),
        ("web@main", (None, "web", "main")),
        ("web@feature/a@b#c", (None, "web", "feature/a@b#c")),
        ("acme/web@main", ("acme", "web", "main")),
        ("https://buildkite.com/acme/web", ("acme", "web", None)),
    ],
)
def test_a_branch_follows_the_first_at_sign(word: str, meant: tuple[str | None, ...]) -> None:
    """`web@branch` names a branch, whatever stands in it after the first @."""
    branch = AtBranch.model_validate({"pipeline": word})
    assert (branch.org, branch.pipeline, branch.branch) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
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
def test_a_job_is_found_by_name_id_or_url(given: dict[str, str], meant: tuple[object, ...]) -> None:
    """A job's URL names its build as well; a build's URL leaves the job open."""
    job = AtJob.model_validate(given)
    assert (job.pipeline, job.number, job.job) == meant


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (AtBuild, {"pipeline": "web#1", "number": "2"}, "Both `2` and `1` are given as number."),
        (AtBuild, {"pipeline": "https://example.com/"}, "is not the address of"),
        (AtBranch, {"pipeline": "web@"}, "names no branch"),
        (AtBranch, {"pipeline": "web@a", "branch": "b"}, "Both `a` and `b` are given as branch."),
        (AtJob, {"job": f"{WEB}#{JOB}", "pipeline": "other"}, "Both `other` and `web` are given as pipeline."),
    ],
)
def test_what_contradicts_itself_is_not_guessed(model: type[AtBuild], given: dict[str, str], said: str) -> None:
    """Two different builds, branches or pipelines in one command are a mistake, not a choice."""
    with pytest.raises(UsageError, match=said):
        model.model_validate(given)


@given(st.text(max_size=60))
def test_any_word_is_an_address_or_a_mistake(word: str) -> None:
    """No word at all breaks the reading of addresses."""
    for model, name in ((AtBuild, "pipeline"), (AtBranch, "pipeline"), (AtJob, "job")):
        try:
            model.model_validate({name: word})
        except (UsageError, ValidationError) as mistake:
            assert str(mistake)  # noqa: PT017 - any other error would fail the test


@given(st.text(max_size=60))
def test_any_url_is_read_or_left(path: str) -> None:
    """Whatever stands after the host, the reading ends with an address or without."""
    found = address("https://buildkite.com/" + path)
    assert found is None or isinstance(found, Address)
