"""Whether it helped: watches, the coverage that they count on, and what was learnt."""
