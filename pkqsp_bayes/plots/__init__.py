"""Public plots in one style: each function returns a Matplotlib figure."""
