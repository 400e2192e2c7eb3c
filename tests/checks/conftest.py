"""Fixtures of other folders that the checks of documents use."""

from tests.commands.conftest import bench, buildkite, clock, sim

__all__ = ["bench", "buildkite", "clock", "sim"]
