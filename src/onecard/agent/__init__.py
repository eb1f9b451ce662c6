"""The desk agent: the program on the desk's computer that owns its readers and its printer."""
