from .radiomics import radiomic_features as radiomic_features
from .radiomics import roi_radiomics as roi_radiomics
