"""In: monitors as they send. Out: a central station: what they say received, kept, checked, passed on and shown."""
