"""The body of each step: take a cell's inputs, call the library, write the artifact."""
