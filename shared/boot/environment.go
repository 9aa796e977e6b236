package boot

import (
	"fmt"
	"os"
	"strings"
)

// RequiredEnv is the value of an environment variable that must be there, without
// the white space around it. If it is not, the process ends.
func RequiredEnv(name string) string {
	value := getenv(name)
	if value == "" {
		FatalEnv(name, "is not set")
	}
	return value
}

// OptionalEnv is the value of an environment variable that may be absent or empty,
// without the white space around it.
func OptionalEnv(name string) string { return getenv(name) }

// FatalEnv ends the process with one line that names a variable and says what is
// wrong with it; reason never quotes the value, which may be a secret.
func FatalEnv(name, reason string) {
	_, _ = fmt.Fprintf(os.Stderr, "cedula: environment variable %s %s\n", name, reason)
	os.Exit(1)
}

func getenv(name string) string { return strings.TrimSpace(os.Getenv(name)) }
