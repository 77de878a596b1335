"""In: a network as data. Out: that network in namespaces of its own, with no way to any other, gone when its user is."""
