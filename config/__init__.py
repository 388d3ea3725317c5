"""Configurations to start from: the demo's, a commented example, one for each known schema."""
