"""Training: the one room that imports torch at the top of a file. Needs the train extra."""
