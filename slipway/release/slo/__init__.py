"""Service level objectives and alarms as code: what they say, how they are read, and how they are rendered."""
