"""The two messages of Streamlit's websocket that the gate knows: a person's activity, and a redirect of the tab.

Streamlit's protocol is internal: the version is pinned and the websocket tests are the alarm for upgrades.
"""

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def redirect_frame(address: str) -> bytes:
    """A message that sends the tab to another address of the app."""
    message = ForwardMsg()
    message.auth_redirect.url = address
    return message.SerializeToString()


def is_activity(frame: bytes) -> bool:
    """True when a person did something; a timer of a page, a heartbeat or an upload's questions are not that."""
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return False
    return message.WhichOneof("type") == "rerun_script" and not message.rerun_script.is_auto_rerun
