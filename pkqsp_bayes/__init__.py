"""PBPK, QSP and population models compiled to fast Stan programs."""
