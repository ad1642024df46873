"""What is compared: our models and other people's."""
