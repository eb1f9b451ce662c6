"""Simulated terminals over the real protocols; the source of load for demo, tests and benchmarks."""
