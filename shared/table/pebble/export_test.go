package pebble

// OpenFS is Open on a file system of the test.
var OpenFS = open
