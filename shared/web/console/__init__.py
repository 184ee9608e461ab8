"""The operator's view of a service's own bus: what waits, what died and why, one story; one API for all four."""
