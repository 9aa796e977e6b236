package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
	"cedula/infra/local/datadir"
	"cedula/shared/auth"
)

// keyFlags are the flags of a new key.
type keyFlags struct {
	client string
	api    string
	name   string
	scopes []string
	ttl    time.Duration
}

func (c *cli) createKey() *cobra.Command {
	var n keyFlags
	cmd := &cobra.Command{
		Use: "create --client CLIENT --use conomy|blnk", Short: "Make a further key of a client", Args: noArguments,
		Example: "  cedula keys create --client 7c2m9x4hq0vt5kzb --use blnk --scope identity:read --expires-in 720h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			expires := cmd.Flags().Changed("expires-in")
			if err := n.validate(expires); err != nil {
				return err
			}
			return c.withRegistry(cmd.Context(), func(r *openRegistry) error {
				owner, err := r.Client(cmd.Context(), admin.ByID{ID: n.client})
				if err != nil {
					return err
				}
				if err := checkKeyScopes(owner.Scopes, n.scopes); err != nil {
					return err
				}
				p := admin.KeyParams{Client: n.client, KeyParams: auth.KeyParams{API: datadir.APIs[n.apiIndex()], Name: n.name, Scopes: n.scopes}}
				if expires {
					p.Expires = time.Now().Add(n.ttl).UTC().Truncate(time.Second)
				}
				made, err := r.CreateKey(cmd.Context(), p)
				if err != nil {
					return err
				}
				c.printNewKey(made)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.client, "client", "", "the client's id (required)")
	f.StringVar(&n.api, "use", "", "the API that it is for: conomy or blnk (required)")
	f.StringVar(&n.name, "name", "", "what to call the key")
	f.StringArrayVar(&n.scopes, "scope", nil, "narrow what the client may do; may be repeated")
	f.DurationVar(&n.ttl, "expires-in", 0, "how long it is good, such as 720h (default: for ever)")
	_ = cmd.MarkFlagRequired("client")
	_ = cmd.MarkFlagRequired("use")
	return cmd
}

func (n keyFlags) apiIndex() int {
	return slices.IndexFunc(datadir.APIs, func(a auth.API) bool { return a.Name == n.api })
}

func (n keyFlags) validate(expires bool) error {
	if err := checkScopes(n.scopes); err != nil {
		return err
	}
	if n.apiIndex() < 0 {
		return errors.New("--use must be conomy or blnk")
	}
	if expires && n.ttl < time.Second {
		return errors.New("--expires-in must be at least 1s, such as 720h; leave it out for a key that never expires")
	}
	return nil
}

// checkKeyScopes rejects a scope that the client does not have.
func checkKeyScopes(client auth.Scopes, scopes []string) error {
	for _, s := range scopes {
		if len(client.Intersect(auth.Scopes{s})) == 0 {
			return fmt.Errorf("--scope %s is more than the client may do: %s", s, client)
		}
	}
	return nil
}
