"""In: seconds of a monitor's waves. Out: the rates that follow from them by each averaging rule, with their bounds."""
