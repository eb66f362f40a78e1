"""What a drill needs of a machine, each need in a small function that looks and says."""
