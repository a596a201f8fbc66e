"""What lies on disk, and on what machine: files, sidecars, tables, git. It decides no number."""
