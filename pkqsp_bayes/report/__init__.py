"""Tables and pictures of a fit, and the case studies of the library."""
