"""QSP modules: templates and equations, and how they are embedded in an organ."""
