"""What can be read from and done to the records: one noun a module, plain functions."""
