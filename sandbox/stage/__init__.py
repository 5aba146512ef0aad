"""A project to release on, as a user would have it: for the demo, the integration tests and the benchmarks."""
