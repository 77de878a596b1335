"""In: a command line. Out: one call of a workflow, its document on stdout, talk on stderr, an exit status."""
