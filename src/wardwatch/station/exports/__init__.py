"""Formats a recording can be exported as: one file each, found by their place."""
