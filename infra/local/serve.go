// Package local runs a whole registry on this machine: both APIs behind a local API Gateway, the real authorizers and
// operations, the embedded table. It is for development; nothing in it is part of a function.
package local

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"

	"cedula/infra/cli"
)

// options are the flags of the server.
type options struct {
	data, conomy, blnk, mailbox, pprof string

	json bool // print the addresses as JSON
}

// NewCommand returns the command that serves a registry until its context ends.
func NewCommand(registry *cli.Local) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve both APIs on this machine", Args: cli.NoArguments,
		Long: "Serve both APIs, the mailbox and the scheduled jobs on this machine. The first start creates the data\n" +
			"directory and a sandbox client.",
		Example: "  cedula serve\n  cedula serve --data /tmp/try --conomy localhost:0 --blnk localhost:0 --mailbox localhost:0",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			relaxGC()
			slog.SetDefault(slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
			o.data = registry.Data
			o.json, _ = cmd.Flags().GetBool("json")
			if err := run(cmd.Context(), o, cmd.OutOrStdout()); err != nil {
				return cli.RunError{Err: err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.conomy, "conomy", cli.DefaultConomyAddress, "address of the Conomy API; port 0 chooses a free one")
	f.StringVar(&o.blnk, "blnk", cli.DefaultBlnkAddress, "address of the Blnk API")
	f.StringVar(&o.mailbox, "mailbox", cli.DefaultMailboxAddress, "address of the mailbox")
	f.StringVar(&o.pprof, "pprof", "", "address that serves profiles of this process, such as localhost:0 (default: none)")
	return cmd
}

// check reports an address that cannot be one.
func (o *options) check() error {
	for _, a := range []struct{ flag, address string }{{"conomy", o.conomy}, {"blnk", o.blnk}, {"mailbox", o.mailbox}, {"pprof", o.pprof}} {
		_, port, err := net.SplitHostPort(a.address)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil && a.address != "" {
			return fmt.Errorf("--%s must be host:port, such as localhost:5010", a.flag)
		}
	}
	return nil
}

// relaxGC makes the garbage collector run less often than by default. The server keeps little in memory, so frequent
// collections cost a sixth of the time of each request, and rare ones only a few megabytes. If the user set GOGC, relaxGC
// does nothing; it does not change a limit set by GOMEMLIMIT.
func relaxGC() {
	const percent, limit = 400, 128 << 20
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(percent)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}
