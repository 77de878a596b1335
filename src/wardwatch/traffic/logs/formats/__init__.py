"""In: the first bytes of a log. Out: a reader for it; one module a form of log, found by its place."""
