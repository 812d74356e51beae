"""What people do to one incident by hand: read it, move it, act on it, ask about it, sort it in, dismiss it."""
