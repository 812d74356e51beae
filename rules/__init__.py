"""What counts as a finding: pure, no clock, no I/O except loading rule files."""
