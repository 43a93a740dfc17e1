"""Whether the window is as narrow as a phone, which only the browser knows."""
