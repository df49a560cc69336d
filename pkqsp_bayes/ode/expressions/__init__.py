"""Expressions: the grammar of model files, symbols, dimensions, evaluation and storage."""
