"""Matches counted over time: what is held of each group, when it becomes a finding, and what can be let go."""
