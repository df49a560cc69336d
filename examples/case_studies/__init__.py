"""Fits of the library's models to published studies, beside published estimates."""
