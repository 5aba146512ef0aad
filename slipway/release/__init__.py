"""The domain of a release: manifest, evidence, readiness, risk, plan, history, report. No pulumi, no network."""
