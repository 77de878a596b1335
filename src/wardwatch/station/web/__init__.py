"""In: the live state of the beds and who asks. Out: the page, its live frames, metrics and health, over HTTP."""
