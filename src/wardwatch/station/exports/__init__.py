"""In: a recording. Out: files of a common format, one module each, found by their place."""
