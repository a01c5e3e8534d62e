"""DICOM objects of a report: the only part that knows highdicom."""
