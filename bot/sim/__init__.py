"""Stand-ins for Slack and Buildkite over real HTTP, for tests and for the demo; they import nothing from the bot."""
