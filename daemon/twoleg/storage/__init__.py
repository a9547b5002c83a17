"""The journal, and Postgres behind it."""
