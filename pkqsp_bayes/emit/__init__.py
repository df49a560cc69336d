"""Emission of text from a system: Stan functions, C++ header, equations for readers."""
