package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cedula/shared/auth"
)

func (c *cli) keys() *cobra.Command {
	return commandGroup("keys", "Make, list, rotate and revoke API keys", c.createKey(), c.listKeys(), c.rotateKey(), c.revokeKey())
}

func (c *cli) createKey() *cobra.Command {
	var client, use, name string
	var scopes []string
	var life time.Duration
	cmd := &cobra.Command{
		Use: "create --client CLIENT --use conomy|blnk", Short: "Make a further key of a client", Args: noArguments,
		Example: "  cedula keys create --client 7c2m9x4hq0vt5kzb --use blnk --scope identity:read --expires-in 720h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n := auth.KeyParams{API: auth.API(use), Name: name, Scopes: scopes}
			ends := cmd.Flags().Changed("expires-in")
			switch err := checkScopes(scopes); {
			case err != nil:
				return err
			case n.API != auth.APIConomy && n.API != auth.APIBlnk:
				return errors.New("--use must be conomy or blnk")
			case ends && life < time.Second:
				return errors.New("--expires-in must be at least 1s, such as 720h; leave it out for a key that never expires")
			}
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				owner, err := r.Client(cmd.Context(), client)
				if err != nil {
					return err
				}
				if err := checkKeyScopes(owner.Scopes, scopes); err != nil {
					return err
				}
				if ends {
					n.Expires = r.Now().Add(life).UTC().Truncate(time.Second)
				}
				k, text, err := r.CreateKey(cmd.Context(), client, n)
				if err == nil {
					c.print(createdKey{newKeyView(k, r.Now()), text, nil})
				}
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&client, "client", "", "the client's id (required)")
	f.StringVar(&use, "use", "", "the API that it is for: conomy or blnk (required)")
	f.StringVar(&name, "name", "", "what to call the key")
	f.StringArrayVar(&scopes, "scope", nil, "narrow what the client may do; may be repeated")
	f.DurationVar(&life, "expires-in", 0, "how long it is good, such as 720h (default: for ever)")
	_ = cmd.MarkFlagRequired("client")
	_ = cmd.MarkFlagRequired("use")
	return cmd
}

// checkKeyScopes refuses a scope that narrows a client's to nothing.
func checkKeyScopes(client auth.Scopes, scopes []string) error {
	for _, s := range scopes {
		if len(client.Intersect(auth.Scopes{s})) == 0 {
			return fmt.Errorf("--scope %s is more than the client may do: %s", s, client)
		}
	}
	return nil
}

func (c *cli) listKeys() *cobra.Command {
	return &cobra.Command{
		Use: "list CLIENT", Short: "List a client's keys, the oldest first", Args: exactArg("the client's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				_, all, err := r.Keys(cmd.Context(), args[0])
				slices.SortFunc(all, func(a, b auth.Key) int {
					return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
				})
				list := make(keyList, 0, len(all))
				for _, k := range all {
					list = append(list, newKeyView(k, r.Now()))
				}
				if err == nil {
					c.print(list)
				}
				return err
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
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				revoke := func(ctx context.Context, id string) ([]auth.Key, error) {
					k, err := r.RevokeKey(ctx, id)
					return []auth.Key{k}, err
				}
				if withMade {
					revoke = r.RevokeWithDescendants
				}
				ended, err := revoke(cmd.Context(), args[0])
				if err == nil {
					c.print(newKeyStatusChange(ended, r.Now()))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&withMade, "with-made", false, "end also the keys that it made, and those that they made")
	return cmd
}

// newKeyStatusChange shows a key that was ended, and others with it.
func newKeyStatusChange(ended []auth.Key, now time.Time) keyStatusChange {
	out := keyStatusChange{statusChange: statusChange{"key", ended[0].ID, "revoked", now.Add(auth.RevocationDelay)}}
	for _, k := range ended[1:] {
		out.Made = append(out.Made, k.ID)
	}
	return out
}

func newKeyView(k auth.Key, now time.Time) keyView {
	out := keyView{
		ID: k.ID, Client: k.Client, API: string(k.API), Name: k.Name, Owner: k.Owner, CreatedBy: k.CreatedBy, Scopes: k.Scopes, State: "live",
		Expires: k.Expires, Revoked: k.Revoked, Created: k.Created, endsAt: k.ValidUntil(),
	}
	switch {
	case !k.Revoked.IsZero() && !now.Before(k.Revoked):
		out.State = "revoked"
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		out.State = "expired"
	}
	return out
}
