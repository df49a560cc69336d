"""``python -m examples.case_studies [NAME ...]`` writes ``reports/<NAME>``."""

from examples.case_studies.case_studies import main

main()
