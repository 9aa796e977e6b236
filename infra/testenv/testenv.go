// Package testenv turns on the tests that `go test` alone skips, by one environment
// variable, and has Must, which tests of any package need. It imports nothing of this module.
package testenv

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Variable lists the suites to run, separated by commas.
const Variable = "CEDULA_TEST"

// The suites.
const (
	DynamoDB = "dynamodb" // needs DYNAMODB_ENDPOINT, Node, Chromium and the packages that `make test-dynamodb` installs
	Soak     = "soak"     // takes many minutes
	Template = "template" // needs the template as SAM expands it, in .build
)

// Has reports whether a suite is to run.
func Has(suite string) bool {
	return slices.Contains(strings.Split(os.Getenv(Variable), ","), suite)
}

// Need skips the test unless its suite is to run.
func Need(t testing.TB, suite string) {
	t.Helper()
	if !Has(suite) {
		t.Skipf("runs with %s=%s", Variable, suite)
	}
}

// Setting skips the test unless the suite DynamoDB is to run, and then returns the
// environment variable name, which must be set.
func Setting(t testing.TB, name string) string {
	t.Helper()
	Need(t, DynamoDB)
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run `make test-dynamodb`", name)
	}
	return value
}

// Must returns a function that returns the result of a call, or ends the test with its error.
func Must[T any](result T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}
