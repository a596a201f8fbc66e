"""What a study's numbers say, as tables and typed claims: no words, no charts."""
