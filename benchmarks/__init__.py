"""What the project says about speed, measured: ratios to a named alternative in the same run, never bare times."""
