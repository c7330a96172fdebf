"""The dashboard: pages over the current release."""
