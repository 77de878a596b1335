"""What was received, on disk: append-only segments of sealed chunks."""
