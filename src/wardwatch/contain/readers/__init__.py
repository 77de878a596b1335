"""In: this folder. Out: readers of each dialect's text, which share nothing with the generators."""
