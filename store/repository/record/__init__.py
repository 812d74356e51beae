"""The floor all others stand on: a record as it lies, its timeline with the chain and its seals, its evidence."""
