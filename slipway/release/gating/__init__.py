"""The gates of a stack: their configuration, their exemptions, and the judgement of one release.

Used alike by the CrossGuard pack, by `slipway gates`, and by the provider where no pack was given.
"""
