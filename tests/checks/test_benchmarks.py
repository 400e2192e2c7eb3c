"""The benchmarks of `make bench` start, and each says what it measures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from bench.__main__ import list_benchmarks
from bench.listing import CLIENTS, measure_in_child, serve_in_child


def test_a_listing_is_measured_in_separate_processes() -> None:
    """The simulated Buildkite reports its address, and both clients list all pipelines from it."""
    with serve_in_child() as base:
        assert base.startswith("http://127.0.0.1:")
        for client in CLIENTS:
            measure_in_child(client, "pipelines", base)  # raises unless all are listed


def test_each_benchmark_is_listed_with_what_it_measures() -> None:
    """Without a name all are listed; an unknown name exits with status 2."""
    listed = subprocess.run([sys.executable, "-m", "bench"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list_benchmarks()
    assert all(len(line.split()) > 2 for line in listed.splitlines())
    assert subprocess.run([sys.executable, "-m", "bench", "nothing"], capture_output=True).returncode == 2


def test_the_commands_of_the_performance_page_exist() -> None:
    """Each figure's command names a benchmark, and each benchmark has its figures on the page."""
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text("utf-8")
    assert set(re.findall(r"^    python -m bench (\w+)", page, re.MULTILINE)) == set(list_benchmarks())
