package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cedula/infra/local/admin"
)

// Registry is an open registry.
type Registry struct {
	*admin.Registry
	// AddToPlan adds a client to its usage plan in API Gateway. It is idempotent. It is nil where the limits are read from
	// the client itself.
	AddToPlan func(context.Context, admin.Client) error
	// Close ends the use of the registry. It is nil if there is nothing to close.
	Close func() error
}

// enroll adds a client to its usage plan, where there are such plans.
func (r *Registry) enroll(ctx context.Context, client admin.Client) error {
	if r.AddToPlan == nil {
		return nil
	}
	return r.AddToPlan(ctx, client)
}

// onRegistry returns a command's RunE that runs do as withRegistry does.
func (c *cli) onRegistry(do func(ctx context.Context, r *Registry, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return c.withRegistry(cmd.Context(), func(r *Registry) error { return do(cmd.Context(), r, args) })
	}
}

// checkFirst returns a command's RunE that runs check before run. An error of check means that the command was used
// incorrectly. It is not a PreRunE, which cobra calls before it looks for required flags.
func checkFirst(check func(*pflag.FlagSet) error, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd.Flags()); err != nil {
			return err
		}
		return run(cmd, args)
	}
}

// withRegistry runs do on the registry that the flags select. It returns a RunError, unless a flag is missing.
func (c *cli) withRegistry(ctx context.Context, do func(*Registry) error) error {
	if err := c.Check(); err != nil {
		return err
	}
	r, err := c.Open(ctx)
	if err != nil {
		return RunError{err}
	}
	err = do(r)
	if r.Close != nil {
		err = errors.Join(err, r.Close())
	}
	if err != nil {
		return RunError{err}
	}
	return nil
}
