"""The domain: who is meant, who may come in, which ERID is theirs. Standard library only."""
