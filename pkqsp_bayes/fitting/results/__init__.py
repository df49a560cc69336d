"""Results: labelled draws, files on disk, and fits that are read back."""
