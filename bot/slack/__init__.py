"""The Slack side: requests in, messages out, who people are."""
