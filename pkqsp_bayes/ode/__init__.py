"""Composition of a model into one flat system of equations, its checks, and its lowering."""
