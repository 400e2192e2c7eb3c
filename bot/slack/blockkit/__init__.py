"""Builders for Block Kit, mrkdwn, rich text, charts and tables, and their limits."""
