"""A newsroom to measure against: feeds of our own words, served from a process of its own."""
