from .protocol_check import check_protocol as check_protocol
from .protocol_check import nearest_cutoffs as nearest_cutoffs
from .protocol_light import NearestCutoff as NearestCutoff
from .protocol_light import ProtocolLight as ProtocolLight
