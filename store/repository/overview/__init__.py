"""Many incidents at a glance: lists, a day, a period, statistics."""
