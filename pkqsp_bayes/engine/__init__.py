"""Stan and the C++ compiler: found or laid out, cached, and put to work."""
