"""Benchmarks, each printing its figures beside a baseline. `python -m bench` lists them."""
