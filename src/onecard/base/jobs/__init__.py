"""Jobs: what takes longer than a page may, with progress, files and an end that is told in a sentence."""
