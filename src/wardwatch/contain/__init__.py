"""In: who must still talk to whom, and what was found. Out: rules in several dialects, and the proof that they hold."""
