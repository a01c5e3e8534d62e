"""The guided page as an app of its own: Voila, for this computer alone."""
