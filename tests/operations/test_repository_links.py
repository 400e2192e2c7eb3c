"""Links to commits and comparisons are made from a repository's address, and never hold its password."""

from __future__ import annotations

import pytest

from bot.buildkite.models import Build
from bot.operations.repository_links import find_comparison, link_commit
from tests.rendering.sample_builds import make_build

OLD, NEW = "a" * 40, "b" * 40
GITHUB = ("https://github.com/acme/web/commit/", f"https://github.com/acme/web/compare/{OLD}...{NEW}")
GITLAB = ("https://gitlab.com/acme/ui/web/-/commit/", f"https://gitlab.com/acme/ui/web/-/compare/{OLD}...{NEW}")
BITBUCKET = (
    "https://bitbucket.org/acme/web/commits/",
    f"https://bitbucket.org/acme/web/branches/compare/{NEW}..{OLD}",
)


def build_of(repository: str | None, provider: str | None = None, commit: str = NEW) -> Build:
    """Return a build of a pipeline with that repository."""
    pipeline = {"slug": "web", "repository": repository, "provider": {"id": provider}}
    return make_build("failed", commit=commit, pipeline=pipeline)


@pytest.mark.parametrize(
    ("repository", "pages"),
    [
        ("git@github.com:acme/web.git", GITHUB),
        ("git@github.com:acme/web", GITHUB),
        ("ssh://git@github.com:22/acme/web.git", GITHUB),
        ("https://github.com/acme/web.git", GITHUB),
        ("https://robot:hunter2@GitHub.com/acme/web.git/", GITHUB),
        ("git@gitlab.com:acme/ui/web.git", GITLAB),
        ("https://robot@bitbucket.org/acme/web.git", BITBUCKET),
    ],
)
def test_known_providers(repository: str, pages: tuple[str, str]) -> None:
    """Commit and comparison are linked for GitHub, GitLab and Bitbucket, however the repository is written."""
    build = build_of(repository)
    assert link_commit(build) == f"<{pages[0]}{NEW}|{NEW[:7]}>"
    assert find_comparison(build, OLD) == pages[1]
    assert "hunter2" not in build.model_dump_json()


def test_own_servers() -> None:
    """The provider that Buildkite names says what pages a company's own server has."""
    address = "git@git.acme.example:acme/web.git"
    assert link_commit(build_of(address, "github_enterprise")).startswith(
        "<https://git.acme.example/acme/web/commit/"
    )
    assert link_commit(build_of(address, "gitlab")).startswith("<https://git.acme.example/acme/web/-/commit/")
    assert link_commit(build_of(address, "bitbucket_server")) == "`bbbbbbb`"


@pytest.mark.parametrize(
    "repository",
    [None, "", "web", "/srv/git/web.git", "git@github.com:web", "https://github.com/a b/c", "git@evil|x:a/b"],
)
def test_other_addresses_are_not_linked(repository: str | None) -> None:
    """An address that isn't understood leads to no link."""
    assert (link_commit(build_of(repository)), find_comparison(build_of(repository), OLD)) == ("`bbbbbbb`", "")


def test_names_in_place_of_commits() -> None:
    """HEAD isn't shown before it is resolved; a tag isn't a commit, and has no comparison."""
    address = "git@github.com:acme/web.git"
    assert link_commit(build_of(address, commit="HEAD")) == ""
    assert link_commit(build_of(address, commit="v1.2")) == "`v1.2`"
    assert find_comparison(build_of(address, commit="v1.2"), OLD) == ""
    assert find_comparison(build_of(address), NEW) == ""
