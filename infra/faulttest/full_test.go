//go:build !soak

package faulttest_test

// Without the build tag soak, each fault is met once, and fewer histories are recorded.
const (
	maxTimes     = 1
	historyCount = 40
)
