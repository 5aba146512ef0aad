"""Everything of the local AWS that has no part of its own: ministack, whose Lambda the files here make true. Published
versions with an image are really run, an alias leads by its weights, and each version is counted."""
