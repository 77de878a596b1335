"""In: the calls of programs and scripts. Out: what happens in them, in which order, how it is reached."""
