"""The CrossGuard pack: the gates of a release as policies."""
