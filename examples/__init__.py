"""What the repository shows of the package: the demo and the case studies."""
