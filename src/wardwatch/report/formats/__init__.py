"""In: a `Report` and a `Context`. Out: a document; each module defines one kind as `FORMAT`, found by its place."""
