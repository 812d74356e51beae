"""What is to be told, and what became of it: the outbox, escalations, letters, what was lost on the way."""
