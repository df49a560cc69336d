"""Stan, the C++ compiler and the compile cache; simulation with compiled models."""
