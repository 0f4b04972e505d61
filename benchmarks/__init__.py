"""The same work measured and disturbed: scripts to run by hand."""
