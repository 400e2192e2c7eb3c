"""Links to commits and comparisons on GitHub, GitLab and Bitbucket, made from a repository's address."""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.buildkite.models import Build, PipelineStub
from bot.operations.git_names import HEAD, is_sha
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, link

# `git@github.com:acme/web.git`, `ssh://git@github.com:22/acme/web.git`, `https://github.com/acme/web.git`
_ADDRESS = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@\s]*@)?(?P<host>[A-Za-z0-9.-]+)(?::[0-9]+)?/|(?:[\w.-]+@)(?P<scp>[A-Za-z0-9.-]+):/?)"
    r"(?P<path>[\w.~-]+(?:/[\w.~-]+?)+?)(?:\.git)?/?",
    re.ASCII,
)


class _Site(NamedTuple):
    """The addresses of a provider's pages below the repository's; `a` is the older commit, `b` the newer."""

    commit: str
    compare: str


_GITHUB = _Site("/commit/{b}", "/compare/{a}...{b}")
_GITLAB = _Site("/-/commit/{b}", "/-/compare/{a}...{b}")
_BITBUCKET = _Site("/commits/{b}", "/branches/compare/{b}..{a}")
_HOSTS = {"github.com": _GITHUB, "gitlab.com": _GITLAB, "bitbucket.org": _BITBUCKET}
# Hosts of these providers may have any name. Bitbucket Server has other addresses than bitbucket.org.
_PROVIDERS = {"github_enterprise": _GITHUB, "gitlab": _GITLAB}


def link_commit(build: Build) -> Mrkdwn:
    """Return the build's commit, as a link if its repository's provider is known; empty while it is unresolved."""
    if not build.commit or build.commit == HEAD:
        return Mrkdwn("")
    if not is_sha(build.commit):
        return code(shorten(build.commit, 100))
    page = _find_page(build.pipeline)
    if page is None:
        return code(build.commit[:7])
    address, site = page
    return link(address + site.commit.format(b=build.commit), build.commit[:7])


def find_comparison(build: Build, older: str) -> str:
    """Return the address of the page with the commits from an older one to the build's; empty if unknown."""
    page, newer = _find_page(build.pipeline), build.commit or ""
    if page is None or older == newer or not (is_sha(older) and is_sha(newer)):
        return ""
    address, site = page
    return address + site.compare.format(a=older, b=newer)


def _find_page(pipeline: PipelineStub | None) -> tuple[str, _Site] | None:
    """Return the address of the repository's page, and what is below it; None if it can't be told."""
    found = _ADDRESS.fullmatch((pipeline.repository or "").strip()) if pipeline else None
    if found is None or pipeline is None:
        return None
    host = (found["host"] or found["scp"]).lower()
    provider = pipeline.provider.id if pipeline.provider else None
    site = _HOSTS.get(host) or _PROVIDERS.get(provider or "")
    return (f"https://{host}/{found['path']}", site) if site else None
