"""The rules of Bimtek and community activities (pure): values in, values or refusals out."""
