"""In: a seed and what a ward should look like. Out: a monitor that is not there: its waves, its stream, its traffic."""
