"""The world of conversations, for what is done with one job."""
