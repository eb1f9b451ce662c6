"""OC1, the layout of our stored cards: records, sectors, scripts, changes, and a profile of value blocks."""
