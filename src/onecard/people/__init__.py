"""People: the tree of departments, account classes with their limits, persons with immutable numbers."""
