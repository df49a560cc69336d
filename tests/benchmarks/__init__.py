"""Benchmarks: `make bench` runs them and writes tables and pictures to reports/benchmarks."""
