"""Tables and pictures of a fit, its page, and the case studies of the library."""
