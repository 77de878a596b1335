"""In: what a report holds of images, programs and their versions. Out: its sentences, steps, tables and pictures."""
