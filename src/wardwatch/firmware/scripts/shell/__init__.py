"""In: the text of a shell script. Out: the commands it runs, in order, as far as their words are known."""
