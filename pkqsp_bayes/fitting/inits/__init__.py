"""Initial values: where chains start, the mode, and why no start has a finite density."""
