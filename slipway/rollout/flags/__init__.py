"""The one writer of a stack's feature flags: journal of kills and exposures first, the document that follows from it
next, each by compare-and-swap."""
