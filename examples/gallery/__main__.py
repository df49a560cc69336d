"""``python -m examples.gallery [NAME ...]`` fits models and writes their pages."""

from examples.gallery.gallery import main

main()
