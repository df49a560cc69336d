"""Components of a body: each writes its states, helpers and fluxes into a `Draft`."""
