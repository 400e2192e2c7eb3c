"""Tests of operations: grammar, forms, help and names."""
