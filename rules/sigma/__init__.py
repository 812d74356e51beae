"""A Sigma rule file becomes Rules and Correlations, or errors with file, line, column and a hint."""
