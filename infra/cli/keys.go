package main

import (
	"cmp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
)

func (c *cli) keys() *cobra.Command {
	return commandGroup("keys", "Make, list, rotate and revoke API keys", c.createKey(), c.listKeys(), c.rotateKey(), c.revokeKey())
}

func (c *cli) listKeys() *cobra.Command {
	return &cobra.Command{
		Use: "list CLIENT", Short: "List a client's keys, the oldest first", Args: exactArg("the client's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				all, err := r.Keys(cmd.Context(), admin.ByID{ID: args[0]})
				if err != nil {
					return err
				}
				c.print(all, func(w *tabwriter.Writer) {
					writeRow(w, "KEY", "USE", "NAME", "STATE", "SCOPES", "ENDS", "CREATED", "OWNER", "MADE BY")
					for _, k := range all {
						writeRow(w, k.ID, k.API, k.Name, k.State, keyScopes(k), formatTime(keyEnd(k)), formatTime(k.Created), cmp.Or(k.Owner, "-"), keyMaker(k))
					}
				})
				return nil
			})
		},
	}
}

func (c *cli) revokeKey() *cobra.Command {
	var withMade bool
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "End a key", Args: exactArg("the key's id, as `cedula keys list` shows it"),
		Example: "  cedula keys revoke 7c2m9x4hq0vt5kzb4f8d2k9w --with-made",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				ended, err := r.RevokeKey(cmd.Context(), admin.Revocation{ID: args[0], WithMade: withMade})
				if err != nil {
					return err
				}
				change := statusChange{What: "key", ID: ended[0].ID, State: "revoked", EffectiveBy: time.Now().Add(auth.RevocationDelay)}
				for _, k := range ended[1:] {
					change.Made = append(change.Made, k.ID)
				}
				c.print(change, change.lines)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&withMade, "with-made", false, "end also the keys that it made, and those that they made")
	return cmd
}

// printNewKey prints a key with its text, and the end of the key that it replaces.
func (c *cli) printNewKey(k admin.NewKey) {
	c.print(k, func(w *tabwriter.Writer) {
		writeRow(w, "key", k.ID)
		writeRow(w, "client", k.Client)
		writeRow(w, "use", k.API)
		writeRow(w, "scopes", keyScopes(k.Key))
		writeRow(w, "expires", formatTime(k.Expires))
		writeRow(w, "text", k.Text)
		if k.Old != nil {
			writeRow(w, "old key", k.Old.ID+" is good until "+formatTime(k.Old.GoodUntil)+" and refused everywhere by "+formatTime(k.Old.RejectedEverywhereAfter))
		}
		writeRow(w, secretShownOnce)
	})
}

func keyScopes(k admin.Key) string {
	if k.Scopes == nil {
		return "the client's"
	}
	return strings.Join(k.Scopes, " ")
}

// keyEnd returns when a key stops working, because it expires or is revoked; zero: never.
func keyEnd(k admin.Key) time.Time {
	if k.Expires.IsZero() || !k.Revoked.IsZero() && k.Revoked.Before(k.Expires) {
		return k.Revoked
	}
	return k.Expires
}

// keyMaker returns the key that made k. The makers of old keys were not stored, but only keys made by a key have an owner.
func keyMaker(k admin.Key) string {
	if k.CreatedBy == "" && k.Owner != "" {
		return "a key"
	}
	return cmp.Or(k.CreatedBy, "operator")
}
