"""How fast Lumaloom is beside others; the method is in README.md."""
