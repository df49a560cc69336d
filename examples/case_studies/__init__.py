"""Fits of the library's models to published studies, compared with published estimates."""
