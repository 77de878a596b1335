"""In: waves, second by second. Out: when the heart beat, the pulse came and the patient breathed."""
