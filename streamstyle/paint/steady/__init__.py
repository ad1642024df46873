"""Still pictures stay still."""
