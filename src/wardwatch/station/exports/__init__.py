"""In: what was kept of a bed. Out: the same in a common format, one module a format, found by its place."""
