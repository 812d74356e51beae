"""The one engine of daemon, replay, explain and rule tests. No clock, no I/O."""
