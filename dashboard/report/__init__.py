"""The week as one file: read from a release, drawn by us, fit to be mailed."""
