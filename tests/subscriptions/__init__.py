"""Conversations about subscriptions."""
