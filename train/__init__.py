"""Training of the network behind ``vbqkit.propose``: on virtual patients alone. Needs torch (the extra ``train``)."""
