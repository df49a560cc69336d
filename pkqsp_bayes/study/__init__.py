"""Studies: NONMEM-style tables, their checks, and one timeline a subject."""
