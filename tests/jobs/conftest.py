"""The conversation world, for commands about one job."""
