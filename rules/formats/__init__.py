"""One log format per file: a line becomes normalised fields, a log source and a time. Pure; nothing here raises."""
