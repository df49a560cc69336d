"""Decisions: interventions, individual subjects, assumptions of causal claims."""
