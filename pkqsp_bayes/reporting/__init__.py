"""The HTML report of a fit, with its sections, tables and diagrams."""
