package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cedula/shared/auth"
	"cedula/shared/identity"
)

func (c *cli) clients() *cobra.Command {
	return commandGroup("clients", "Make, list, show and suspend clients", c.createClient(), c.listClients(), c.showClient(), c.suspendClient())
}

// clientFlags are the flags of a new client.
type clientFlags struct {
	auth.ClientParams
	scopes     []string
	mode       string
	stage      string
	onboarding string
}

func (n *clientFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.Name, "name", "", "what to call the client (required)")
	f.StringVar(&n.Tenant, "tenant", "", "whose identities it sees (default: a tenant of its own)")
	f.StringArrayVar(&n.scopes, "scope", nil, `what it may do, such as identity:read; may be repeated, "*" is everything`)
	f.StringVar(&n.mode, "mode", "lenient", "lenient, or strict to refuse what the dialects otherwise let pass")
	f.StringVar(&n.stage, "stage", "test", "test, or live for real people")
	f.Float64Var(&n.Limits.Rate, "rate", 0, "requests a second, with --burst (0: the registry's own limit)")
	f.IntVar(&n.Limits.Burst, "burst", 0, "requests at once, with --rate (0: the registry's own limit)")
	f.IntVar(&n.Limits.Quota, "quota", 0, "requests a day (0: the registry's own limit)")
	f.StringVar(&n.onboarding, "steps", "", "what a new identity goes through: instant, contact or contact+screening (default: what is usual in each dialect)")
	f.DurationVar(&n.Policy.PendingTTL, "pending-life", 0, "how long a new identity may stay pending, 1h to 2160h (default: 168h)")
	_ = cmd.MarkFlagRequired("name")
}

func (n *clientFlags) validate() error {
	n.Scopes = auth.Scopes(n.scopes)
	if err := checkScopes(n.scopes); err != nil {
		return err
	}
	switch {
	case n.mode != "lenient" && n.mode != "strict":
		return errors.New("--mode must be lenient or strict")
	case n.stage != "test" && n.stage != "live":
		return errors.New("--stage must be test or live")
	case len(n.scopes) == 0:
		return fmt.Errorf("--scope is needed, or the client may do nothing; there are: %s", auth.AllScopes)
	}
	n.Strict, n.Production, n.Policy.Onboarding = n.mode == "strict", n.stage == "live", n.onboarding
	if err := (identity.Policy{Onboarding: identity.Onboarding(n.onboarding), PendingTTL: n.Policy.PendingTTL}).Validate(); err != nil {
		return fmt.Errorf("--steps or --pending-life: %w", err)
	}
	return nil
}

func checkScopes(list []string) error {
	for _, s := range list {
		if !slices.Contains(auth.AllScopes, s) {
			return fmt.Errorf("--scope %q is none; there are: %s", s, auth.AllScopes)
		}
	}
	return nil
}

func (c *cli) createClient() *cobra.Command {
	var n clientFlags
	cmd := &cobra.Command{
		Use: "create --name NAME --scope SCOPE...", Short: "Make a client with a secret and a key for each API", Args: noArguments,
		Example: "  cedula clients create --name shop --scope identity:read --scope identity:write --rate 50 --burst 100",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.runCreateClient(cmd.Context(), &n)
		},
	}
	n.addFlags(cmd)
	return cmd
}

// runCreateClient makes a client. Its limits are enrolled last: if that fails the
// client is there and is told, and the command may be run for it again.
func (c *cli) runCreateClient(ctx context.Context, n *clientFlags) error {
	if err := n.validate(); err != nil {
		return err
	}
	return c.withRegistry(ctx, func(r *registry) error {
		client, shown, err := auth.CreateClient(ctx, r.AdminStore, r.Hasher, n.ClientParams, r.Now())
		if err != nil {
			return err
		}
		c.print(createdClient{newClientView(client, r.Now()), shown.ClientSecret, shown.ConomyKey, shown.BlnkKey})
		if err := r.plans.AddClient(ctx, client); err != nil {
			return fmt.Errorf("the client was made, but the gateway does not count its calls yet: %w; run `cedula clients show %s --enrol`", err, client.ID)
		}
		return nil
	})
}

func (c *cli) bootstrap() *cobra.Command {
	n := clientFlags{scopes: []string{auth.ScopeAll}}
	cmd := &cobra.Command{
		Use: "bootstrap --name NAME", Short: "Make the first client of a registry, which may do everything", Args: noArguments,
		Example: "  cedula --stack cedula-sandbox bootstrap --name back-office",
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := c.withRegistry(cmd.Context(), func(r *registry) error {
				have, err := r.Clients(cmd.Context())
				if err == nil && len(have) > 0 {
					return fmt.Errorf("the registry has %d clients; use `cedula clients create`", len(have))
				}
				return err
			})
			if err != nil {
				return err
			}
			return c.runCreateClient(cmd.Context(), &n)
		},
	}
	n.addFlags(cmd)
	n.scopes = []string{auth.ScopeAll}
	_ = cmd.Flags().MarkHidden("scope")
	return cmd
}

func (c *cli) listClients() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all clients, the oldest first", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				all, err := r.Clients(cmd.Context())
				list := make(clientList, 0, len(all))
				for _, client := range all {
					list = append(list, newClientView(client, r.Now()))
				}
				if err == nil {
					c.print(list)
				}
				return err
			})
		},
	}
}

func (c *cli) showClient() *cobra.Command {
	var enrol bool
	cmd := &cobra.Command{
		Use: "show CLIENT", Short: "Show a client", Args: exactArg("the client's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				client, err := r.Client(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c.print(newClientView(client, r.Now()))
				if enrol {
					return r.plans.AddClient(cmd.Context(), client)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&enrol, "enrol", false, "make the gateway's key for the client if it is missing")
	return cmd
}

func (c *cli) suspendClient() *cobra.Command {
	var lift bool
	cmd := &cobra.Command{
		Use: "suspend CLIENT", Short: "Shut a client out, or let it in again", Args: exactArg("the client's id"),
		Example: "  cedula clients suspend 7c2m9x4hq0vt5kzb\n  cedula clients suspend 7c2m9x4hq0vt5kzb --lift",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegistry(cmd.Context(), func(r *registry) error {
				client, err := r.SetSuspended(cmd.Context(), args[0], !lift)
				if err != nil {
					return err
				}
				c.print(statusChange{"client", client.ID, clientState(client), r.Now().Add(auth.RevocationDelay)})
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&lift, "lift", false, "let the client in again")
	return cmd
}

func clientState(c auth.Client) string {
	if c.Suspended {
		return "suspended"
	}
	return "active"
}

// newClientView is what is shown of a client.
func newClientView(c auth.Client, now time.Time) clientView {
	out := clientView{
		ID: c.ID, Name: c.Name, Tenant: c.Tenant, Scopes: c.Scopes, State: clientState(c), Mode: "lenient", Stage: "test",
		Rate: c.Limits.Rate, Burst: c.Limits.Burst, Quota: c.Limits.Quota, Secrets: len(c.ActiveSecrets(now)), Created: c.Created,
		Onboarding: c.Policy.Onboarding,
	}
	if c.Policy.PendingTTL > 0 {
		out.PendingTTL = c.Policy.PendingTTL.String()
	}
	if c.Strict {
		out.Mode = "strict"
	}
	if c.Production {
		out.Stage = "live"
	}
	return out
}
