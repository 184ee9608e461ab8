"""The letters: what an issue holds, how it is written for one reader, how it is checked."""
