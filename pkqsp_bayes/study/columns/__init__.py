"""Columns of a table: names, units, cells, dates and times, limits, codes, and their checks."""
