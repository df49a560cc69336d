"""Reference of the files that a user writes, generated from the records that read them."""
