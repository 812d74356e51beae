"""How long things are kept, what is taken out of them for good, and whether the rest is as it was written."""
