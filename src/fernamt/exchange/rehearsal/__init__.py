"""The exchange without telephones: the same conductor among imagined callers and agents.

On a virtual clock a day plays in a moment (tests, what-if); on the real clock it
is a training room.
"""
