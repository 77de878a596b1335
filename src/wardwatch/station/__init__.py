"""The central station: receives monitors live, keeps what they sent, passes it on. A secondary display."""
