"""Tools of those who work on Fernamt; not part of the product."""
