"""In: a script in one language. Out: the calls it makes; one file a language, found by its place."""
