"""Bus adapter for devices: signs them in, answers their requests, takes their records."""
