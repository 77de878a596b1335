"""In: what a user asks for. Out: the whole answer. One function each; domains meet only here."""
