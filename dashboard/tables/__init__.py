"""What the pages show, as tables: one module per area, reading marts of the release only."""
