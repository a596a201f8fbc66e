"""What typed settings are built of: base classes, small types, and parts found by name."""
