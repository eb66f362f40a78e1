"""Scanners of the HID class: those that type like a keyboard, and HID-POS.

A keyboard wedge's way is from an event device (`evdev_keys`) by the keys that are held
(`keystrokes`) to codes (`key_decoder`); that of a HID-POS scanner from its report descriptor
(`report_descriptor`) and its reports (`hidapi_reports`) to codes (`pos_report`). What decides is
pure; docs/keyboard-wedge.md tells the whole.
"""
