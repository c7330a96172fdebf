"""The loader: the only writer of the raw lake; renames columns, splits records, judges nothing."""
