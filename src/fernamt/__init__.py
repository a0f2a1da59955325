"""Fernamt: one team answers the telephones of several authorities, each in its own name."""
