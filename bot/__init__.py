"""Kitestring: ties a Slack thread to a Buildkite build."""

__version__ = "0.1.0"
