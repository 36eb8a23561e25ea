"""How news goes out: digests to messages to deliveries."""
