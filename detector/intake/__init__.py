"""The door for what other systems and people hand in: who may, how it is verified, and how much is taken."""
