"""Enterprise settings, audit, jobs, first run."""
