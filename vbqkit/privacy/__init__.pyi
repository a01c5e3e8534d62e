from .report import PrivacyReport as PrivacyReport
