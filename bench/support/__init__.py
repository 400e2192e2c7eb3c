"""Parts shared by the benchmarks: load generators, programs under test, databases and statistics."""
