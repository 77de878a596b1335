-- wardwatch detection: vlans; expires 2027-02-25
event_filter = event_filter or {}
table.insert(event_filter, { gid = 1, sid = 1250130, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250131, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250132, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250133, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250134, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250135, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250136, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250137, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250138, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250139, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250140, type = 'limit', track = 'by_src', count = 1, seconds = 3600 })
table.insert(event_filter, { gid = 1, sid = 1250141, type = 'limit', track = 'by_src', count = 1, seconds = 600 })
