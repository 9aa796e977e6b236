//go:build soak

package registry_test

const (
	modelSteps = 1010 // of a hundred lives: more than 100,000 in all
	raceSize   = 10_000
)
