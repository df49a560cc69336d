"""Sections of the report. Each module makes one section from the report context."""
