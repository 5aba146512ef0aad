"""Is this release ready for this stack? Pure gates over one `Case`; `slipway.release.gating.catalog` lists them."""
