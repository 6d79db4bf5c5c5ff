"""Parameters, notebook runs, the record of a run, and the command line."""
