"""The pure core: units, books, edges, sizing, breaker, execution. No I/O, no clock, no floats."""
