"""Methods of the loyalty literature, one module each, independent of each other."""
