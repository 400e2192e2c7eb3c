"""Slack's client: Web API calls, Block Kit, rate limits, exactly-once posting and people."""
