"""Measurements against the physical limit, taken in the same run on the same machine (docs/performance.md)."""
