"""How the schema came to be, step by step, and the one function that brings a database up to date."""
