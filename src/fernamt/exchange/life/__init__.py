"""The life of one call, pure: no clock, no socket, no table, no log."""
