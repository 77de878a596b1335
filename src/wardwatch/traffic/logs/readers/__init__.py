"""In: blocks of lines. Out: rows; one module a form of log, loaded only when it is read."""
