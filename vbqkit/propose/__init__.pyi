from .classes import CLASSES as CLASSES
from .network import load_weights as load_weights
from .network import run_network as run_network
from .network_input import network_channels as network_channels
from .placement import propose_rois as propose_rois
from .proposal import Proposal as Proposal
from .proposal import ProposedRoi as ProposedRoi
