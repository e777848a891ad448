"""The rules of reporting (pure): values in, values or refusals out."""
