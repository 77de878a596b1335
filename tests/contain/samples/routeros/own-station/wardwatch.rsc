# wardwatch containment: own station; expires 2027-02-25
/ip firewall filter
add chain=wardwatch action=accept in-interface=ward0 out-interface=station0 src-address=10.20.0.27/32 dst-address=202.114.4.119/32 protocol=tcp dst-port=515-520 comment="keep station: monitor-7 speaks (IPv4)"
add chain=wardwatch action=accept in-interface=station0 out-interface=ward0 src-address=202.114.4.119/32 dst-address=10.20.0.27/32 protocol=tcp src-port=515-520 connection-state=established comment="keep station: monitor-7 is answered (IPv4)"
add chain=wardwatch action=accept in-interface=ward0 out-interface=station0 src-address=10.20.0.27/32 dst-address=202.114.4.120/32 protocol=tcp dst-port=511 comment="keep hl7: monitor-7 speaks (IPv4)"
add chain=wardwatch action=accept in-interface=station0 out-interface=ward0 src-address=202.114.4.120/32 dst-address=10.20.0.27/32 protocol=tcp src-port=511 connection-state=established comment="keep hl7: monitor-7 is answered (IPv4)"
add chain=wardwatch action=drop dst-address=202.114.4.0/24 comment="block published: to it (IPv4)"
add chain=wardwatch action=drop src-address=202.114.4.0/24 comment="block published: from it (IPv4)"
add chain=wardwatch action=drop in-interface=ward0 comment="contain what is behind ward0: from it (IPv4)"
add chain=wardwatch action=drop out-interface=ward0 comment="contain what is behind ward0: to it (IPv4)"
add chain=wardwatch action=drop src-address=10.20.0.27/32 comment="contain monitor-7: from it, wherever it is (IPv4)"
add chain=wardwatch action=drop dst-address=10.20.0.27/32 comment="contain monitor-7: to it, wherever it is (IPv4)"
add chain=forward action=jump jump-target=wardwatch comment=wardwatch
move [find where jump-target=wardwatch] destination=0
/ipv6 firewall filter
add chain=wardwatch action=drop in-interface=ward0 comment="contain what is behind ward0: from it (IPv6)"
add chain=wardwatch action=drop out-interface=ward0 comment="contain what is behind ward0: to it (IPv6)"
add chain=forward action=jump jump-target=wardwatch comment=wardwatch
move [find where jump-target=wardwatch] destination=0
/ip firewall connection remove [find]
/ipv6 firewall connection remove [find]
