"""The world of conversations, for what is said of artifacts and annotations."""
