"""The watch of a release that has all the traffic: what judges it for some time more, and takes the traffic back."""
