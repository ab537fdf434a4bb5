"""Media files: what is in them, and the way between them and frames."""
