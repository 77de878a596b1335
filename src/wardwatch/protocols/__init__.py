"""In: bytes of one conversation, in order. Out: its messages. Pure: no file, no socket, no clock."""
