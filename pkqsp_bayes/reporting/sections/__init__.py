"""Sections of the report, one a module: facts in, a section out."""
