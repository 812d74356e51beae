"""Forms in which any product may write: JSON lines, logfmt, W3C's extended log, ArcSight's."""
