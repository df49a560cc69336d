"""LoweredOde -> text: Stan functions, C++ header, equations for people."""
