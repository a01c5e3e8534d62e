from .downloads import RecordFile as RecordFile
from .downloads import fetch as fetch
from .downloads import record_files as record_files
from .erosion import rois_of_labels as rois_of_labels
from .spider import SPIDER as SPIDER
from .spider import SpiderData as SpiderData
from .spider import get_spider as get_spider
