"""Parts of `slipway.release` against the programs whose rules they follow."""
