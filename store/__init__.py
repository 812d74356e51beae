"""Incidents, the process that governs them, and their persistence."""
