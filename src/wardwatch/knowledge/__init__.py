"""In: the data files of this folder. Out: rules, indicators and device profiles as frozen values."""
