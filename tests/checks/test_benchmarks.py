"""What `make bench` runs still runs: its parts find each other, and each says what it is."""

from __future__ import annotations

import subprocess
import sys

from bench.__main__ import list_benchmarks
from bench.listing import CLIENTS, measure_in_child, serve_in_child


def test_a_listing_is_measured_in_processes_of_their_own() -> None:
    """The stand-in says where it is, and both clients list all pipelines from it."""
    with serve_in_child() as base:
        assert base.startswith("http://127.0.0.1:")
        for client in CLIENTS:
            measure_in_child(client, "pipelines", base)  # raises unless all are listed


def test_each_benchmark_is_listed_with_what_it_measures() -> None:
    """Without a name all are listed; a name that there is not ends with status 2."""
    listed = subprocess.run([sys.executable, "-m", "bench"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list_benchmarks()
    assert all(len(line.split()) > 2 for line in listed.splitlines())
    assert subprocess.run([sys.executable, "-m", "bench", "nothing"], capture_output=True).returncode == 2
