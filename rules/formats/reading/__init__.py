"""What every format reads with: addresses, stamps, quoted values, JSON objects, and what a program's parser is."""
