"""For those who write rules: cases beside them, what differs, what is not held to account, and why. Pure."""
