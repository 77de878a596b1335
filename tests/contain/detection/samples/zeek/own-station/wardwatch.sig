# wardwatch detection: own station; expires 2027-02-25
signature wardwatch-cms-stream {
  ip-proto == tcp
  payload /[\x00-\xff]*\x05\x46\x00\x00[\x14-\x17]\x00[\x00-\xff]*\x05\x46\x00\x00[\x14-\x17]\x00/
  event "wardwatch cms-stream"
}

signature wardwatch-portmap-tcp {
  ip-proto == tcp
  payload /[\x00-\xff]{8}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0/
  event "wardwatch portmap-tcp"
}

signature wardwatch-portmap-udp {
  ip-proto == udp
  payload /[\x00-\xff]{4}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0/
  event "wardwatch portmap-udp"
}

signature wardwatch-mount-tcp {
  ip-proto == tcp
  payload /[\x00-\xff]{8}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa5/
  event "wardwatch mount-tcp"
}

signature wardwatch-mount-udp {
  ip-proto == udp
  payload /[\x00-\xff]{4}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa5/
  event "wardwatch mount-udp"
}

signature wardwatch-nfs-tcp {
  ip-proto == tcp
  payload /[\x00-\xff]{8}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa3/
  event "wardwatch nfs-tcp"
}

signature wardwatch-nfs-udp {
  ip-proto == udp
  payload /[\x00-\xff]{4}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa3/
  event "wardwatch nfs-udp"
}

signature wardwatch-share-tcp {
  ip-proto == tcp
  payload /[\x00-\xff]{8}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa5[\x00-\xff]*\x00\x00\x00\x03\x2f\x70\x6d\x00/
  event "wardwatch share-tcp"
}

signature wardwatch-share-udp {
  ip-proto == udp
  payload /[\x00-\xff]{4}\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa5[\x00-\xff]*\x00\x00\x00\x03\x2f\x70\x6d\x00/
  event "wardwatch share-udp"
}
