"""The study in the program: its checks, observations and data, and its summary."""
