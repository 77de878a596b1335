"""In: sets as they come. Out: segments on disk that survive a fall of the machine, and what they hold, read back."""
