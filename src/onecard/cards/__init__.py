"""Cards: whose card a UID is, and whether it may be used."""
