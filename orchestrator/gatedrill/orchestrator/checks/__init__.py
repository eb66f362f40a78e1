"""Was it right? Each check is a pure function of the evidence and shows its smallest witness."""
