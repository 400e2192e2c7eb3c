"""What is written down: builds, cards, deliveries, invocations; SQLAlchemy Core on SQLite or PostgreSQL."""
