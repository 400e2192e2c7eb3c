"""Builds the bot from its settings and runs it as a process."""
