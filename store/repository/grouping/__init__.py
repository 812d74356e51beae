"""Which record a finding belongs to: opened, joined, merged, split."""
