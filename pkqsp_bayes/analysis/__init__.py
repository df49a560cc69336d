"""Answers: what a posterior says, and whether it can be trusted."""
