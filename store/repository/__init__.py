"""What can be read from and done to the records: a folder a part of that work, one noun a module, plain functions."""
