package boot

import (
	"fmt"
	"os"
	"strings"
)

// Variable is the value of an environment variable that must be there, without
// the white space around it. If it is not, the process ends.
func Variable(name string) string {
	value := lookUp(name)
	if value == "" {
		Refuse(name, "is not set")
	}
	return value
}

// Optional is the value of an environment variable that may be absent or empty,
// without the white space around it.
func Optional(name string) string { return lookUp(name) }

// Refuse ends the process with one line that names a variable and says what is
// wrong with it; reason never quotes the value, which may be a secret.
func Refuse(name, reason string) {
	_, _ = fmt.Fprintf(os.Stderr, "cedula: environment variable %s %s\n", name, reason)
	os.Exit(1)
}

func lookUp(name string) string { return strings.TrimSpace(os.Getenv(name)) }
