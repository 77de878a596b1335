"""In: bytes from libFuzzer. Out: nothing, unless reading them as a flow log raises anything but the input error.

Run: `python fuzz/logs_fuzz.py -max_total_time=60 [CORPUS]`; the samples in tests/traffic/logs are a good corpus.
"""

import sys
import tempfile
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.errors import InputError
    from wardwatch.traffic.logs import described, read, sniff
    from wardwatch.traffic.logs.readers import footed, mapped, zeek_json, zeek_tsv

LOADED = (described, footed, mapped, zeek_json, zeek_tsv)
HEADS = (
    b"",
    b"#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\n",
    b'{"ts":1736668800.5,"id.orig_h":"192.168.1.2","id.orig_p":1,"id.resp_h":"1.2.3.4","id.resp_p":2,"conn_state":"SF"}\n',
    b"ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n",
    b"Receive Time,Threat/Content Type,Source address,Destination address,Source Port,Destination Port\n",
    b"date=2025-01-12 time=09:00:31 type=traffic srcip=192.168.10.21 dstip=202.114.4.119\n",
    b"<134>1 2025-01-12T09:00:00+01:00 fw filterlog 68117 - - ",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
)
LOCAL = (ip_network("192.168.0.0/16"),)


def one_input(data: bytes) -> None:
    """Read `data` behind one of the known beginnings, which its first byte picks."""
    content = HEADS[data[0] % len(HEADS)] + data[1:] if data else b""
    sniff(content)
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with suppress(InputError):
            read([Path(file.name)], mapping=None, local=LOCAL, known=LOCAL, batch=lambda _: None)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
