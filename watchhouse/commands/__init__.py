"""One module per command of the `watchhouse` command line."""
