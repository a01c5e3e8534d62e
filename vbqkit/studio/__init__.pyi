from .own_case import OwnCase as OwnCase
from .studio import RoiStudio as RoiStudio
from .volume3d import view_volume as view_volume
