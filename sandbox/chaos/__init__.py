"""Chaos: releases on the sandbox while processes die or sleep, parts restart and the API server answers badly."""
