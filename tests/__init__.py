"""A package, so that no other package called `tests` can be taken for it."""
