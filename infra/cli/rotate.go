package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
)

func (c *cli) rotateKey() *cobra.Command {
	var r auth.Rotation
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Make a key in the place of another", Args: exactArg("the key's id, as `cedula keys list` shows it"),
		Example: "  cedula keys rotate 7c2m9x4hq0vt5kzb4f8d2k9w --overlap 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(reg *openRegistry) error {
				made, err := reg.RotateKey(cmd.Context(), admin.Rotation{ID: args[0], Rotation: r})
				if err != nil {
					return rotationError(err, "give an --overlap that lasts until then")
				}
				c.printNewKey(made)
				return nil
			})
		},
	}
	addRotationFlags(cmd, &r)
	return cmd
}

func (c *cli) secrets() *cobra.Command {
	var r auth.Rotation
	cmd := &cobra.Command{
		Use: "rotate CLIENT", Short: "Give a client a new secret", Args: exactArg("the client's id"),
		Long: `Gives a client a new secret. The one before it is good for the overlap. There
are never more than two: while an earlier overlap lasts, only --force rotates.`,
		Example: "  cedula secrets rotate 7c2m9x4hq0vt5kzb --overlap 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(reg *openRegistry) error {
				made, err := reg.RotateSecret(cmd.Context(), admin.Rotation{ID: args[0], Rotation: r})
				if err != nil {
					return rotationError(err, "rotate again after that")
				}
				c.print(made, func(w *tabwriter.Writer) {
					writeRow(w, "client", made.Client)
					writeRow(w, "client secret", made.Secret)
					for _, old := range made.Old {
						writeRow(w, "old secret", "is good until "+formatTime(old.GoodUntil)+"; its tokens for an hour more")
					}
					writeRow(w, secretShownOnce)
				})
				return nil
			})
		},
	}
	addRotationFlags(cmd, &r)
	return commandGroup("secrets", "Rotate clients' secrets", cmd)
}

// addRotationFlags adds the flags of both rotations.
func addRotationFlags(cmd *cobra.Command, r *auth.Rotation) {
	cmd.Flags().DurationVar(&r.Overlap, "overlap", 24*time.Hour, "how long the old one lives on beside it: 0 to 168h")
	cmd.Flags().BoolVar(&r.Force, "force", false, "end old ones even sooner than an earlier rotation said")
}

// rotationError explains a conflict with an earlier rotation and what to do instead. It returns other errors unchanged.
func rotationError(err error, instead string) error {
	var conflict *auth.RotationConflict
	if !errors.As(err, &conflict) {
		return err
	}
	return fmt.Errorf("an earlier rotation said that the old one is good until %s; %s, or end it sooner with --force", formatTime(conflict.Until), instead)
}
