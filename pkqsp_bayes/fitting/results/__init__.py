"""Results: draws under the users' names, on disk and read back."""
