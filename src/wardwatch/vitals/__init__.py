"""Vital signs: what a monitor displays, held against what its waveforms say."""
