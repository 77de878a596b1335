"""In: the files of an image. Out: what one mechanism starts; one file a mechanism, found by its place."""
