"""QSP modules: templates, equations, and their embedding in an organ."""
