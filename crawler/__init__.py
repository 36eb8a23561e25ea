"""How news comes in: sources to entries, pages to articles."""
