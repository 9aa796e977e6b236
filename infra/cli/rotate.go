package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cedula/shared/auth"
)

// addRotationFlags are those of both rotations.
func addRotationFlags(cmd *cobra.Command, r *auth.Rotation) {
	cmd.Flags().DurationVar(&r.Overlap, "overlap", 24*time.Hour, "how long the old one lives on beside it: 0 to 168h")
	cmd.Flags().BoolVar(&r.Force, "force", false, "end old ones even sooner than an earlier rotation said")
}

// overlapError says what to do about a promise in the way; other errors stay.
func overlapError(err error, instead string) error {
	var promised *auth.RotationConflict
	if !errors.As(err, &promised) {
		return err
	}
	return fmt.Errorf("an earlier rotation said that the old one is good until %s; %s, or end it sooner with --force", formatTime(promised.Until), instead)
}

func (c *cli) rotateKey() *cobra.Command {
	var rotation auth.Rotation
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Make a key in the place of another", Args: exactArg("the key's id, as `cedula keys list` shows it"),
		Example: "  cedula keys rotate 7c2m9x4hq0vt5kzb4f8d2k9w --overlap 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				made, text, old, err := r.RotateKey(cmd.Context(), args[0], rotation)
				if err != nil {
					return overlapError(err, "give an --overlap that lasts until then")
				}
				c.print(createdKey{newKeyView(made, r.Now()), text, &replacedKey{old.ID, old.ValidUntil(), old.ValidUntil().Add(auth.RevocationDelay)}})
				return nil
			})
		},
	}
	addRotationFlags(cmd, &rotation)
	return cmd
}

func (c *cli) secrets() *cobra.Command {
	var rotation auth.Rotation
	cmd := &cobra.Command{
		Use: "rotate CLIENT", Short: "Give a client a new secret", Args: exactArg("the client's id"),
		Long: `Gives a client a new secret. The one before it is good for the overlap. There
are never more than two: while an earlier overlap lasts, only --force rotates.`,
		Example: "  cedula secrets rotate 7c2m9x4hq0vt5kzb --overlap 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				client, text, ends, err := r.RotateSecret(cmd.Context(), args[0], rotation)
				if err != nil {
					return overlapError(err, "rotate again after that")
				}
				made := createdSecret{client.ID, text, make([]replacedSecret, 0, len(ends))}
				for _, end := range ends {
					made.Old = append(made.Old, replacedSecret{end})
				}
				c.print(made)
				return nil
			})
		},
	}
	addRotationFlags(cmd, &rotation)
	return commandGroup("secrets", "Rotate clients' secrets", cmd)
}
