"""In: what was received. Out: the same on disk, in append-only segments of sealed chunks."""
