"""systemd's journal as a source: a child process that writes it, and where in it we stand."""
