"""The ASGI edge: session gate, sign-in, health, files and feeds."""
