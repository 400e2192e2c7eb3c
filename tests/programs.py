"""Finds programs that some tests need and not every machine has."""

from __future__ import annotations

import glob
import shutil
from pathlib import Path
from typing import NamedTuple

_CONFORMANCE = Path(__file__).parents[1] / ".conformance"


class Program(NamedTuple):
    """A program, its path (None if it isn't installed), and how to install it."""

    name: str
    path: str | None
    remedy: str


def chromium() -> Program:
    """Find a browser that Playwright can drive."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next(filter(None, found), None)
    return Program("Chromium", path, "apt-get install chromium, or put chromium or google-chrome on the PATH")


def postgres() -> Program:
    """Find PostgreSQL's server; `initdb` and `pg_ctl` are next to it once symbolic links are resolved."""
    path = shutil.which("postgres") or max(glob.glob("/usr/lib/postgresql/*/bin/postgres"), default=None)
    return Program("PostgreSQL", path, "apt-get install postgresql, or put PostgreSQL's bin folder on the PATH")


def conformance_suite() -> Program:
    """Find the suite that tests MCP servers; its folder also has the Node that it needs."""
    path = _CONFORMANCE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    found = str(path) if path.exists() else None
    return Program("the MCP conformance suite", found, "install npm and run `make conformance`")


def suite_node() -> str | None:
    """Find the Node that the suite was installed with."""
    return max(glob.glob(f"{_CONFORMANCE}/node_modules/node-*/bin/node"), default=None)
