//go:build !soak

package faulttest_test

// full is whether everything is tried, or what the other tests have time for.
const full = false
