"""In: a network as data. Out: that network in namespaces of its own, without a way to any other."""
