package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"cedula/shared/auth"
	"cedula/shared/table/pebble"
)

// RunError is an error of a command that was used correctly.
type RunError struct{ Err error }

func (e RunError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e RunError) Unwrap() error { return e.Err }

// Run runs a command line until it ends or the process is interrupted. It returns the exit status: 0, 1 for a command
// that failed, or 2 for one that was used incorrectly. An error is one line on stderr, with --json a JSON object.
func Run(root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	status, message := exitStatus(err), userMessage(cmd, err)
	asJSON, _ := root.PersistentFlags().GetBool("json")
	if asJSON || slices.Contains(args, "--json") { // flags after an unknown one are not parsed
		line, _ := json.Marshal(map[string]any{"error": message, "exitStatus": status})
		_, _ = fmt.Fprintf(stderr, "%s\n", line)
	} else {
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", root.Name(), message)
	}
	return status
}

func exitStatus(err error) int {
	_, ran := errors.AsType[RunError](err)
	if ran && !errors.Is(err, auth.ErrInvalidOverlap) {
		return 1
	}
	return 2
}

// userMessage turns an error of a command into what an operator can do about it.
func userMessage(cmd *cobra.Command, err error) string {
	var key *auth.InvalidKeyError
	if errors.As(err, &key) {
		return "--" + key.Field + " " + key.Reason
	}
	var client *auth.InvalidClientError
	if errors.As(err, &client) {
		return "--" + client.Field + " " + client.Reason
	}
	program := cmd.Root().Name()
	for _, known := range []struct {
		err  error
		text string
	}{
		{auth.ErrNotFound, "no such client or key; `" + program + " clients list` shows the clients, `" + program + " keys list CLIENT` their keys"},
		{auth.ErrInvalidOverlap, "--overlap must be between 0 and 7d"},
		{auth.ErrExpired, "the key is no longer valid; create a new one with `" + program + " keys create`"},
		{pebble.ErrLocked, err.Error() + "; a server may be starting, or another command may be ending: try again"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	if strings.HasPrefix(err.Error(), "required flag") {
		return err.Error() + "; see: " + cmd.CommandPath() + " --help"
	}
	return err.Error()
}
