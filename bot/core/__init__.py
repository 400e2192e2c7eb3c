"""Decisions without input or output: no network, no files, no clock, no randomness."""
