"""Stores builds, cards, deliveries and invocations with SQLAlchemy Core, on SQLite or PostgreSQL."""
