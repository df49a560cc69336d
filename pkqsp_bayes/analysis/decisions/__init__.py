"""Analyses for decisions: interventions, individual subjects, assumptions of causal claims."""
