// Command cedula manages the clients and keys of a registry and tests a running one. It works on the data directory of a
// local registry, with or without a running server, and on a stack in AWS. It must not import an API.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"cedula/shared/auth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	cmd, err := newRoot(os.Stdout).ExecuteContextC(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cedula:", userMessage(cmd, err))
		os.Exit(exitCode(err))
	}
}

// runError is an error of a command that was used correctly.
type runError struct{ error }

// Unwrap returns the error.
func (e runError) Unwrap() error { return e.error }

// exitCode returns 1 for a command that failed, and 2 for one that was used incorrectly.
func exitCode(err error) int {
	_, ran := errors.AsType[runError](err)
	if ran && !errors.Is(err, auth.ErrInvalidOverlap) {
		return 1
	}
	return 2
}
