"""Public pictures, in one style: each function returns a Matplotlib figure."""
