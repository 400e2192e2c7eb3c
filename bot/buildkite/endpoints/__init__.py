"""Calls of the REST and GraphQL APIs, grouped by the objects they are about."""
