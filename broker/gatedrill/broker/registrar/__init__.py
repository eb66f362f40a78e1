"""The registrar: the one writer that lets guests in while the check-in service is out of reach."""
