"""The demo and the case studies of the repository."""
