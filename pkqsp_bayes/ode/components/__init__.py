"""Components of a body, which add their states, helpers and fluxes to a `Draft`."""
