"""Follows builds from webhook to message.

`ingest` stores webhooks and reads them; `fold` merges them into tracked builds; `polling` reads builds from
Buildkite to confirm them; `cards`, `replies` and `links` show them; `failures` and `waiting` look up why a build
fails or waits.
"""
