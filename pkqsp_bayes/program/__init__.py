"""LoweredOde + population + priors + study -> one Stan program with its data, dims and coords."""
