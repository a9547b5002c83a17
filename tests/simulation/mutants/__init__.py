"""Known bugs, seeded one at a time into a copy of the code: do the checkers have teeth?"""
