//go:build !soak

package registry_test

const (
	modelSteps = 40   // of each of the hundred lives of TestInvariantsUnderCrashes
	raceSize   = 2000 // identities of TestExpireRacesActivation
)
