"""How fast, how much memory, how small: each module measures one thing and prints its tables."""
