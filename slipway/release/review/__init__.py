"""The review of a release: action items as data in the project, and what has to hold before a release is closed."""
