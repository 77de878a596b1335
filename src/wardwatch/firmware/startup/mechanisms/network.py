"""In: the files of an image. Out: what runs as networks come and go.

The command lines of interfaces(5) and the folders if-*.d; the scripts of udhcpc, dhclient, wpa_cli, NetworkManager and
ifplugd by their customary places.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines, scripts_in
from wardwatch.firmware.words import Trigger

_LINE: Final = re.compile(r"(pre-up|up|post-up|down|pre-down|post-down)\s+(.+)")
_BY_PLACE: Final = (
    ("/usr/share/udhcpc/default.script", "a DHCP lease changes (udhcpc)"),
    ("/etc/udhcpc/default.script", "a DHCP lease changes (udhcpc)"),
    ("/etc/udhcpc.script", "a DHCP lease changes (udhcpc)"),
    ("/lib/netifd/dhcp.script", "a DHCP lease changes (netifd)"),
    ("/sbin/dhclient-script", "a DHCP lease changes (dhclient)"),
    ("/etc/dhclient-script", "a DHCP lease changes (dhclient)"),
    ("/etc/wpa_supplicant/action.sh", "a wireless network is joined or left"),
    ("/sbin/wpa_action", "a wireless network is joined or left"),
    ("/etc/wpa_supplicant/action_wpa.sh", "a wireless network is joined or left"),
    ("/etc/ifplugd/ifplugd.action", "a cable is plugged in or out"),
    ("/etc/netplug.d/netplug", "a cable is plugged in or out"),
    ("/etc/ppp/ip-up", "a PPP link is up"),
    ("/etc/ppp/ip-down", "a PPP link is down"),
)
_FOLDERS: Final = (
    ("/etc/dhcp/dhclient-enter-hooks.d", "a DHCP lease changes (dhclient)"),
    ("/etc/dhcp/dhclient-exit-hooks.d", "a DHCP lease changes (dhclient)"),
    ("/etc/udhcpc/default.script.d", "a DHCP lease changes (udhcpc)"),
    ("/usr/share/udhcpc/default.script.d", "a DHCP lease changes (udhcpc)"),
    ("/etc/NetworkManager/dispatcher.d", "a network's state changes (NetworkManager)"),
    ("/etc/networkd-dispatcher/routable.d", "a network is routable"),
    ("/etc/ppp/ip-up.d", "a PPP link is up"),
)


def find(files: Files) -> Iterator[Started]:
    """Lines of interfaces first, then the folders, then scripts by their places."""
    for path in ("/etc/network/interfaces", *files.inside("/etc/network/interfaces.d")):
        yield from _interfaces(files, path)
    for kind in ("pre-up", "up", "post-up", "down", "post-down"):
        for path in scripts_in(files, f"/etc/network/if-{kind}.d"):
            yield Started(path, 0, path, f"an interface: {kind}", Stage.NETWORK)
    for path in (
        "/sbin/ifup-local",
        "/etc/sysconfig/network-scripts/ifup-local",
        "/etc/sysconfig/network-scripts/ifup",
    ):
        if is_program(files, path):
            yield Started(path, 0, path, "an interface is brought up", Stage.NETWORK)
    for path, when in _BY_PLACE:
        if is_program(files, path):
            yield Started(path, 0, path, when, Stage.NETWORK, Trigger.NETWORK, sure=False)
    for folder, when in _FOLDERS:
        for path in scripts_in(files, folder):
            yield Started(path, 0, path, when, Stage.NETWORK, Trigger.NETWORK)


def _interfaces(files: Files, path: str) -> Iterator[Started]:
    interface, automatic = "", set[str]()
    for number, line in lines(files, path):
        words = line.split()
        if words[0] in {"auto", "allow-hotplug", "allow-auto"}:
            automatic.update(words[1:])
        elif words[0] == "iface" and len(words) > 1:
            interface = words[1]
        elif found := _LINE.fullmatch(line):
            sure = interface in automatic
            when = f"{interface}: {found[1]}" + ("" if sure else ", when somebody brings it up")
            yield Started(path, number, found[2], when, Stage.NETWORK, sure=sure)


MECHANISM: Final = Mechanism(
    "network", "as networks come and go", "interfaces(5), udhcpc, dhclient-script(8), wpa_cli(8)", find
)
