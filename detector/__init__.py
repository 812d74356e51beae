"""The running daemon: everything that touches the outside, and the wiring."""
