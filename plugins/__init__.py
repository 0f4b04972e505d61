"""Our own plugins, one package for each feature area."""
