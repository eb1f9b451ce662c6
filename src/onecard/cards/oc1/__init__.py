"""OC1, the layout of our stored cards: records, sectors, the current slot, and a profile of value blocks."""
