"""One folder for each kind of device, each with the same file names."""
