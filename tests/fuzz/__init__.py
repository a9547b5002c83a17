"""Coverage-guided fuzzing of everything that reads what a venue sends; see `targets`."""
