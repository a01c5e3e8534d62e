from .roi_file import RoiFile as RoiFile
from .rois import read_rois as read_rois
from .rois import write_rois as write_rois
from .study import read_study as read_study
