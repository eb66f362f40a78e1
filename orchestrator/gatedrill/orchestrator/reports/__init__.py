"""A judged run as others read it: JUnit XML for build servers, one HTML page for people."""
