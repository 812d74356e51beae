"""The bundle of one incident that proves itself: files, report, and the program that verifies them."""
