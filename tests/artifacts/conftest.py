"""Tests of artifacts and annotations use the world of conversations."""
