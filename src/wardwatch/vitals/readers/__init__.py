"""In: files of recordings, anybody's. Out: seconds, in order and in constant memory, with what could not be read."""
