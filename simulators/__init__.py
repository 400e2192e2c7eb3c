"""Simulators of Slack and Buildkite over real HTTP, for tests and the demo; they import nothing of the bot."""
