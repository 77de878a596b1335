"""In: two versions of an image, examined. Out: what became of each finding of the old one, and what else changed."""
