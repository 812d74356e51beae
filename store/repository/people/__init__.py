"""Persons and contacts: who they are, how they prove it, who fills which seat."""
