"""Benchmarks: what cfbench is measured by, each a script that prints a table and fails when a limit is missed."""
