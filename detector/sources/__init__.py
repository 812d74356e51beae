"""Where lines come from: each source yields Batches and knows nothing of rules."""
