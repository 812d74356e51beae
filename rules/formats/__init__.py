"""How a line becomes normalised fields, a log source and a time: a folder a kind of log. Pure; nothing here raises."""
