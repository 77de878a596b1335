# wardwatch containment: ward 3; expires 2027-02-25
/ip firewall filter
add chain=wardwatch action=accept in-interface=ward0 src-address=10.20.0.21/32 dst-address=10.21.0.5/32 protocol=tcp dst-port=515-520 comment="keep station: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=ward0 src-address=10.21.0.5/32 dst-address=10.20.0.21/32 protocol=tcp src-port=515-520 connection-state=established comment="keep station: monitor-3 is answered (IPv4)"
add chain=wardwatch action=accept in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 src-address=10.20.0.21/32 dst-address=10.21.0.5/32 protocol=tcp dst-port=515-520 comment="keep station: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=wlan0 src-address=10.21.0.5/32 dst-address=10.20.0.21/32 protocol=tcp src-port=515-520 connection-state=established comment="keep station: monitor-3 is answered (IPv4)"
add chain=wardwatch action=accept in-interface=ward0 src-address=10.20.0.21/32 dst-address=10.22.0.6/32 protocol=udp dst-port=123 comment="keep ntp: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=ward0 src-address=10.22.0.6/32 dst-address=10.20.0.21/32 protocol=udp src-port=123 connection-state=established comment="keep ntp: monitor-3 is answered (IPv4)"
add chain=wardwatch action=accept in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 src-address=10.20.0.21/32 dst-address=10.22.0.6/32 protocol=udp dst-port=123 comment="keep ntp: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=wlan0 src-address=10.22.0.6/32 dst-address=10.20.0.21/32 protocol=udp src-port=123 connection-state=established comment="keep ntp: monitor-3 is answered (IPv4)"
add chain=wardwatch action=accept in-interface=ward0 src-address=10.20.0.21/32 dst-address=10.22.0.7/32 protocol=tcp src-port=7000 connection-state=established comment="keep poll: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=ward0 src-address=10.22.0.7/32 dst-address=10.20.0.21/32 protocol=tcp dst-port=7000 comment="keep poll: monitor-3 is called (IPv4)"
add chain=wardwatch action=accept in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 src-address=10.20.0.21/32 dst-address=10.22.0.7/32 protocol=tcp src-port=7000 connection-state=established comment="keep poll: monitor-3 speaks (IPv4)"
add chain=wardwatch action=accept out-interface=wlan0 src-address=10.22.0.7/32 dst-address=10.20.0.21/32 protocol=tcp dst-port=7000 comment="keep poll: monitor-3 is called (IPv4)"
add chain=wardwatch action=drop dst-address=202.114.4.0/24 comment="block published: to it (IPv4)"
add chain=wardwatch action=drop src-address=202.114.4.0/24 comment="block published: from it (IPv4)"
add chain=wardwatch action=drop in-interface=ward0 comment="contain what is behind ward0: from it (IPv4)"
add chain=wardwatch action=drop out-interface=ward0 comment="contain what is behind ward0: to it (IPv4)"
add chain=wardwatch action=drop in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 comment="contain what is behind wlan0: from it (IPv4)"
add chain=wardwatch action=drop src-address=10.20.0.21/32 comment="contain monitor-3: from it, wherever it is (IPv4)"
add chain=wardwatch action=drop dst-address=10.20.0.21/32 comment="contain monitor-3: to it, wherever it is (IPv4)"
add chain=forward action=jump jump-target=wardwatch comment=wardwatch
move [find where jump-target=wardwatch] destination=0
/ipv6 firewall filter
add chain=wardwatch action=accept in-interface=ward0 src-address=fd00:20::21/128 dst-address=fd00:21::5/128 protocol=tcp dst-port=515-520 comment="keep station: monitor-3 speaks (IPv6)"
add chain=wardwatch action=accept out-interface=ward0 src-address=fd00:21::5/128 dst-address=fd00:20::21/128 protocol=tcp src-port=515-520 connection-state=established comment="keep station: monitor-3 is answered (IPv6)"
add chain=wardwatch action=accept in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 src-address=fd00:20::21/128 dst-address=fd00:21::5/128 protocol=tcp dst-port=515-520 comment="keep station: monitor-3 speaks (IPv6)"
add chain=wardwatch action=accept out-interface=wlan0 src-address=fd00:21::5/128 dst-address=fd00:20::21/128 protocol=tcp src-port=515-520 connection-state=established comment="keep station: monitor-3 is answered (IPv6)"
add chain=wardwatch action=drop dst-address=64:ff9b::ca72:400/120 comment="block published: to it (IPv6)"
add chain=wardwatch action=drop src-address=64:ff9b::ca72:400/120 comment="block published: from it (IPv6)"
add chain=wardwatch action=drop in-interface=ward0 comment="contain what is behind ward0: from it (IPv6)"
add chain=wardwatch action=drop out-interface=ward0 comment="contain what is behind ward0: to it (IPv6)"
add chain=wardwatch action=drop in-interface=wlan0 src-mac-address=02:10:0A:14:00:15 comment="contain what is behind wlan0: from it (IPv6)"
add chain=wardwatch action=drop src-address=fd00:20::21/128 comment="contain monitor-3: from it, wherever it is (IPv6)"
add chain=wardwatch action=drop dst-address=fd00:20::21/128 comment="contain monitor-3: to it, wherever it is (IPv6)"
add chain=forward action=jump jump-target=wardwatch comment=wardwatch
move [find where jump-target=wardwatch] destination=0
/ip firewall connection remove [find]
/ipv6 firewall connection remove [find]
