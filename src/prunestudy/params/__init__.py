"""Parameters: what may be written in ``params.yaml``, how it is read, and what must fit."""
