"""In: what a monitor displays, and its waveforms. Out: whether the one follows from the other, and what else not."""
