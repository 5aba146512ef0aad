"""`python -m sandbox.demo watch`: a version that goes bad after 100%, watchers and runners that die."""
