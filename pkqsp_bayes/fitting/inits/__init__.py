"""Initial values of chains, the mode, and diagnostics of initial values without finite density."""
