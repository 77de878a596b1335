"""In: flow logs of Zeek, nfdump or a firewall. Out: records as from a capture, and which of their fields are known."""

from .reading import LogFile, LogResult, read, sniff

__all__ = ["LogFile", "LogResult", "read", "sniff"]
