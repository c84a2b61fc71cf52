"""A running QuestDB 9.3.4 as the oracle: what it answers is right."""
