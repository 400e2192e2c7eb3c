"""Benchmarks: each prints its figures beside a baseline. `python -m bench` lists them."""
