"""In: what the station knows of its beds. Out: messages to other systems, kept until they were taken."""
