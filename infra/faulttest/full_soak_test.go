//go:build soak

package faulttest_test

// With the build tag soak, each fault is met once and twice in a row, and more histories are recorded.
const (
	maxTimes     = 2
	historyCount = 400
)
