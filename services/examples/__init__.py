"""The examples: the season of 2020 read from files, and a fictional one that can be taken away."""
