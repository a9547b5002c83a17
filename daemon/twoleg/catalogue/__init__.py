"""The catalogue: the markets of both venues in Postgres, and the pairs found among them."""
