"""Cases, visits and notes with every version of them."""
