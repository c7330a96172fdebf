"""One script per page, read from top to bottom; app.py runs the one that was asked for."""
