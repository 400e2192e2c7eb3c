"""The parts that the bot is built of, in the order in which they stand on each other."""
