"""What Tocsin writes itself, for its own rules: own events, and what was handed in."""
