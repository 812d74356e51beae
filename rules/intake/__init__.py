"""What other systems and people hand in: from the body of a request to lines that the engine reads. Pure."""
