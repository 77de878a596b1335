"""In: this folder. Out: the dialects rules are written in, one file each, found by its place."""
