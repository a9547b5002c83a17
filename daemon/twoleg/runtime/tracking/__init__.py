"""What became of our orders at one venue: fills booked once, money settled, lost ones found."""
