"""Both doors, the wire and the grammar under input that nobody would send."""
