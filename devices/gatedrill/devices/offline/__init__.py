"""What a gate needs to go on deciding without the service, and to lose nothing by it.

All of it stands in one SQLite file a device: a copy of the event's tickets (`manifest`), every scan
from before anybody was asked until it is on the service's record (`journal`). Beside the file: the
rule by which the device decides alone (`offline_rule`), whose time it was (`service_time`,
`time_of_day`), and the ways of both (`manifest_download`, `upload`, `uploader`).
"""
