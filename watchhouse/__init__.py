"""What the loader, the service and the dashboard share, and the command line."""
