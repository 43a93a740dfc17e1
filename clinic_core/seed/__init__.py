"""The demo clinic, and big data for measuring."""
