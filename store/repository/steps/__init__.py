"""Going through the seven steps: whose turn it is and until when, who sees it, and what ends each step."""
