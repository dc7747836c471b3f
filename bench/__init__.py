"""Measurements, as ratios taken side by side in one run. ``python -m bench.overhead``."""
