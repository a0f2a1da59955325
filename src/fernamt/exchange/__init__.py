"""The exchange: the life of a call, from the number dialled to its one outcome."""
