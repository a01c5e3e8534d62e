"""What a widget puts on a page and leaves on paper: pictures, tables and scripts. Knows no Jupyter."""
