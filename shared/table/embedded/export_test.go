package embedded

// OpenOn is Open on a file system of the test's.
var OpenOn = open
