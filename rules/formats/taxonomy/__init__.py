"""What is told under the same names whoever saw it: requests, proxied requests, packets, questions, who and where."""
