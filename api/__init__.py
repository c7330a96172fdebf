"""The HTTP service: takes events in, answers questions about the current release."""
