"""Certificates of a venue's own, where no public authority vouches for its broker."""
