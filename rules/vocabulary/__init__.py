"""Which log sources and fields the events of our formats have, so that a rule can be told what it misspells."""
