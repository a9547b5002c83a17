"""One reader per family of markets: each turns a listing into a card, or says it is not its own."""
