"""In: a firmware image, a folder or a program. Out: what its programs do, how that is reached, what a patch changed."""
