"""In: the bytes of one program. Out: its calls that matter, its call graph, its roots, and what stays open."""
