// Command cedula is the operator's: it manages clients and their keys and tries a running registry. It works on a local
// registry's data, beside a running server or without one, and on a stack in AWS. It knows no wire format but smoke's calls.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	cmd, err := newRoot(os.Stdout).ExecuteContextC(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cedula:", userMessage(cmd, err))
		os.Exit(1)
	}
}
