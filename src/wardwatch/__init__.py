"""Finds, proves and contains backdoors in patient monitors."""

__version__ = "0.1.0"
