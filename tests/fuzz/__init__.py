"""Fuzz tests of both HTTP endpoints, the raw connection and the grammar."""
