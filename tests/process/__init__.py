"""Tests that run `kitestring` as a separate process."""
