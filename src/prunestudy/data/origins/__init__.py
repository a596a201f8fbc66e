"""Where the user's own data come from, one a file, named in the settings of data."""
