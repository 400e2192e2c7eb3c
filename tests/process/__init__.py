"""`kitestring` as a process of its own."""
