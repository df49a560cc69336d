"""Sections of the report, one a module, made from the report context."""
