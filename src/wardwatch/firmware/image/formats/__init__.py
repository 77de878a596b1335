"""In: a stretch of bytes. Out: what it holds; one file a format, found by its place."""
